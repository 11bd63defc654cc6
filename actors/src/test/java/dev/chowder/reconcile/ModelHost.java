package dev.chowder.reconcile;

import dev.chowder.instance.Homes;
import dev.chowder.sandbox.Fence;
import dev.chowder.sandbox.SandboxEndpoint;
import dev.chowder.sandbox.SandboxId;
import dev.chowder.sandbox.SandboxObservation;
import dev.chowder.sandbox.SandboxObservation.MainProcess;
import java.util.Locale;
import java.util.Optional;

/**
 * What exists of one instance outside its journal, in the model: its home volume and its process,
 * its secrets and its slot. Keeps the contract of {@link dev.chowder.sandbox.SandboxEngine}, above
 * all the fences.
 *
 * @param lost a home volume that was lost and may reappear
 * @param away whether no node has the host of the sandbox
 * @param slot whether the organization holds a slot for the instance
 * @param token number of the rotation whose token the stored secret is
 * @param channels version of the channels that is recorded as applied
 * @param secrets whether the instance has secrets
 * @param wrong the first action of Chowder that no state may cause; empty if there was none
 */
record ModelHost(
    Home home,
    Home lost,
    Gateway process,
    boolean away,
    boolean slot,
    int token,
    int channels,
    boolean secrets,
    String wrong) {
  static final String ADDRESS = "127.0.0.1:41000";
  static final String OTHER_ADDRESS = "127.0.0.1:42000";

  static final ModelHost EMPTY =
      new ModelHost(Home.NONE, Home.NONE, Gateway.NONE, false, false, 0, 0, false, "");

  /**
   * A home volume.
   *
   * @param overrides version of the overrides in its configuration
   * @param used whether an instance that ran has used it
   */
  record Home(int generation, int overrides, int channels, int token, boolean used) {
    static final Home NONE = new Home(-1, 0, 0, 0, false);

    boolean exists() {
      return generation >= 0;
    }

    Home with(int newOverrides, int newChannels) {
      return new Home(generation, newOverrides, newChannels, token, used);
    }

    Home withToken(int newToken) {
      return new Home(generation, overrides, channels, newToken, used);
    }

    Home afterUse() {
      return new Home(generation, overrides, channels, token, true);
    }
  }

  enum Kind {
    MISSING,
    UP,
    FROZEN,
    ENDED_BY_ITSELF,
    ENDED_WITH_ENGINE,
    STOPPED
  }

  /**
   * The main process.
   *
   * @param label the attempt that booted it
   * @param served the attempt that last booted or thawed it
   */
  record Gateway(
      Kind kind,
      int label,
      int served,
      boolean pagedOut,
      boolean moved,
      int overrides,
      int channels,
      int token) {
    static final Gateway NONE = new Gateway(Kind.MISSING, 0, 0, false, false, 0, 0, 0);

    boolean isUp() {
      return kind == Kind.UP;
    }

    boolean isFrozen() {
      return kind == Kind.FROZEN;
    }

    /** Returns whether it runs or is frozen. */
    boolean lives() {
      return isUp() || isFrozen();
    }

    Gateway as(Kind newKind) {
      return new Gateway(newKind, label, served, false, moved, overrides, channels, token);
    }

    /** Returns the process after it ended; what it had in memory does not matter then. */
    Gateway ended(Kind ending) {
      return lives() ? new Gateway(ending, label, served, false, false, 0, 0, 0) : this;
    }

    Gateway thawedFor(int attempt) {
      return new Gateway(Kind.UP, label, attempt, false, moved, overrides, channels, token);
    }

    Gateway inSwap() {
      return new Gateway(kind, label, served, true, moved, overrides, channels, token);
    }

    Gateway elsewhere() {
      return new Gateway(Kind.UP, label, served, false, !moved, overrides, channels, token);
    }

    Gateway with(int newOverrides, int newChannels) {
      return new Gateway(kind, label, served, pagedOut, moved, newOverrides, newChannels, token);
    }

    Gateway withToken(int newToken) {
      return new Gateway(kind, label, served, pagedOut, moved, overrides, channels, newToken);
    }

    String address() {
      return moved ? OTHER_ADDRESS : ADDRESS;
    }
  }

  ModelHost with(Home newHome) {
    return new ModelHost(newHome, lost, process, away, slot, token, channels, secrets, wrong);
  }

  ModelHost with(Gateway newProcess) {
    return new ModelHost(home, lost, newProcess, away, slot, token, channels, secrets, wrong);
  }

  ModelHost withSlot(boolean held) {
    return new ModelHost(home, lost, process, away, held, token, channels, secrets, wrong);
  }

  ModelHost withAway(boolean nowAway) {
    return new ModelHost(home, lost, process, nowAway, slot, token, channels, secrets, wrong);
  }

  ModelHost withLost(Home gone) {
    return new ModelHost(home, gone, process, away, slot, token, channels, secrets, wrong);
  }

  ModelHost withToken(int active) {
    return new ModelHost(home, lost, process, away, slot, active, channels, secrets, wrong);
  }

  ModelHost withChannels(int applied) {
    return new ModelHost(home, lost, process, away, slot, token, applied, secrets, wrong);
  }

  ModelHost withSecrets() {
    return new ModelHost(home, lost, process, away, slot, token, channels, true, wrong);
  }

  ModelHost withoutSecrets() {
    return new ModelHost(home, lost, process, away, slot, 0, 0, false, wrong);
  }

  /** Returns the host after an action that no state may cause. */
  ModelHost wrong(String what) {
    return wrong.isEmpty()
        ? new ModelHost(home, lost, process, away, slot, token, channels, secrets, what)
        : this;
  }

  // The verbs of an engine.

  /** Creates the home volume, unless it exists. */
  ModelHost create(int generation) {
    if (home.exists()) return this;
    var created = with(new Home(generation, 0, 0, 0, false));
    // No call could distinguish it from the lost volume when that one returns.
    return lost.used() && lost.generation() >= generation
        ? created.wrong("home volume " + generation + " is created although an agent used one")
        : created;
  }

  /** Returns whether the running or frozen process is of a later attempt. */
  boolean refuses(int attempt) {
    return process.lives() && process.label() > attempt;
  }

  /** Boots a process with the configuration of the home volume. */
  ModelHost boot(int attempt) {
    if (process.isUp() && process.label() == attempt) return this;
    return with(
        new Gateway(
            Kind.UP,
            attempt,
            attempt,
            false,
            false,
            home.overrides(),
            home.channels(),
            home.token()));
  }

  ModelHost stop() {
    return with(process.ended(Kind.STOPPED));
  }

  ModelHost removeProcesses(int attempt) {
    return process.label() <= attempt ? with(Gateway.NONE) : this;
  }

  /** Removes the home volume and its processes within the fence, for an instance that stays. */
  ModelHost remove(Fence fence) {
    if (!home.exists() || !fence.allowsHome(home.generation())) return this;
    if (!fence.allowsAttempt(process.label())) return this;
    var removed = with(Gateway.NONE).with(Home.NONE);
    return home.used()
        ? removed.wrong("home volume " + home.generation() + ", which an agent used, is removed")
        : removed;
  }

  /** Removes the existing home volume if no agent ran in it. */
  ModelHost removeUnused(int attempt, Homes homes, int kept) {
    boolean unused =
        home.exists() && home.generation() != kept && homes.isUnused(home.generation(), attempt);
    return unused ? remove(new Fence(attempt, home.generation())) : this;
  }

  /** Removes everything of an instance that was deleted. */
  ModelHost removeEverything() {
    return with(Gateway.NONE).with(Home.NONE);
  }

  SandboxObservation observe(SandboxId id) {
    var main =
        switch (process.kind()) {
          case MISSING -> new MainProcess.Missing();
          case UP -> new MainProcess.Up(process.label(), SandboxEndpoint.parse(process.address()));
          case FROZEN -> new MainProcess.Paused(process.label());
          case ENDED_BY_ITSELF, ENDED_WITH_ENGINE, STOPPED ->
              new MainProcess.Ended(process.label(), 1, false);
        };
    return new SandboxObservation(
        id, home.exists() ? Optional.of(home.generation()) : Optional.empty(), main);
  }

  @Override
  public String toString() {
    var text = new StringBuilder();
    if (away) text.append("away ");
    text.append(home.exists() ? "home " + home.generation() : "no home");
    if (lost.exists()) text.append(", lost home ").append(lost.generation());
    text.append(", process ").append(process.kind().name().toLowerCase(Locale.ROOT));
    if (process.label() > 0) text.append(" of attempt ").append(process.label());
    if (process.served() != process.label()) text.append(" serves ").append(process.served());
    if (slot) text.append(", slot");
    return text.toString();
  }
}
