package dev.chowder.reconcile;

import dev.chowder.instance.ConfigValues.Taken;
import dev.chowder.instance.InstanceEffect;
import dev.chowder.instance.InstanceState;
import dev.chowder.instance.InstanceState.Existing;
import dev.chowder.instance.SleepLevel;
import dev.chowder.reconcile.LifecycleModel.Blame;
import dev.chowder.reconcile.LifecycleModel.Edge;
import dev.chowder.reconcile.LifecycleModel.Pair;
import dev.chowder.reconcile.LifecycleModel.Wanted;
import dev.chowder.reconcile.ModelHost.Kind;
import java.util.Map;

/**
 * The promises to callers. Checks whether an instance and its host keep them. A failed check
 * returns what is wrong; an empty text means that nothing is.
 *
 * @param overrides version of the overrides of the last accepted change
 * @param channels version of the channels of the last accepted change
 * @param rotations number of accepted rotations of the token
 * @param blame masks of the faults that can have caused an error, combined by OR
 */
record ModelPromises(Wanted wanted, int overrides, int channels, int rotations, int blame) {
  static final ModelPromises NONE = new ModelPromises(Wanted.NOTHING, 0, 0, 0, 0);

  private static final int FIRST_CHANNEL = 100;

  /** The faults that each reason of an error requires. */
  private static final Map<String, Integer> REASONS =
      Map.of(
          "SANDBOX_LOST", masks(Blame.HOME),
          "HOME_REPLACED", masks(Blame.HOME),
          "ELSEWHERE", masks(Blame.HOME),
          "DISK_FULL", masks(Blame.DISK),
          "TIMED_OUT", masks(Blame.EFFECT),
          "ENGINE_UNREACHABLE", masks(Blame.EFFECT),
          "REFUSED", masks(Blame.LATE),
          "ENGINE_RESTARTED", masks(Blame.PROCESS, Blame.HOME),
          "GATEWAY_STOPPED", masks(Blame.LATE),
          "GATEWAY_CRASHED", masks(Blame.PROCESS, Blame.HOME, Blame.LATE));

  private static int masks(Blame... some) {
    int all = 0;
    for (var one : some) all |= one.mask();
    return all;
  }

  ModelPromises after(Edge edge) {
    return new ModelPromises(
        edge.wanted() == Wanted.NOTHING ? wanted : edge.wanted(),
        overrides + (edge.change() == 'o' ? 1 : 0),
        channels + (edge.change() == 'c' ? 1 : 0),
        rotations + (edge.change() == 't' ? 1 : 0),
        blame | edge.blame().mask());
  }

  private boolean isBlamed(Blame... some) {
    return (blame & masks(some)) != 0;
  }

  /** Checks what must hold at any time. */
  String always(Pair at) {
    if (!at.host().wrong().isEmpty()) return at.host().wrong();
    if (!(at.state() instanceof Existing e) || e instanceof InstanceState.Deleted) return "";
    var config = e.profile().config();
    if (ModelEffects.version(config.overrides().version()) != overrides) {
      return "accepted overrides are lost: " + overrides;
    }
    if (ModelEffects.version(config.channels().getOrDefault("telegram", "")) != channelVersion()) {
      return "an accepted channel is lost: " + channels;
    }
    return e.profile().token().asked() == rotations
        ? ""
        : "an accepted rotation is lost: " + rotations;
  }

  private int channelVersion() {
    return channels == 0 ? 0 : FIRST_CHANNEL + channels;
  }

  /** Checks that nothing goes backwards. */
  static String forwards(InstanceState before, InstanceState after) {
    if (!(before instanceof Existing from)) return "";
    if (!(after instanceof Existing to)) return "the instance is forgotten";
    if (to.attempt() < from.attempt()) return "the attempt goes backwards";
    var old = from.profile();
    var now = to.profile();
    if (now.configVersion() < old.configVersion()) return "the configuration goes backwards";
    if (now.token().done() < old.token().done()) return "the token goes backwards";
    boolean sameHome =
        now.homes().generation() == old.homes().generation()
            && now.homes().adopted() == old.homes().adopted();
    if (sameHome && now.appliedVersion() < old.appliedVersion()) {
      return "what is applied goes backwards";
    }
    return now.homes().used().containsAll(old.homes().used()) ? "" : "a used home is forgotten";
  }

  /**
   * Checks a state after which nothing happens without a command or a fault.
   *
   * @param faults whether there was any fault
   */
  String steady(Pair at, boolean faults) {
    var effect = at.state().pendingEffect();
    if (!(effect instanceof InstanceEffect.None)) {
      return "nothing performs the pending effect " + LifecycleModel.name(effect);
    }
    var kept = kept(at.state(), faults);
    return kept.isEmpty() ? agrees(at) : kept;
  }

  private String kept(InstanceState state, boolean faults) {
    if (state instanceof InstanceState.Errored e) {
      if (e.reason().equals("CLAIM_LOST")) return "no database was restored";
      if (wanted == Wanted.DELETED) return "the instance was deleted";
      int needed = REASONS.getOrDefault(e.reason(), masks(Blame.PROCESS, Blame.HOME, Blame.LATE));
      return (blame & needed) != 0 ? "" : "no fault led to this error: " + e.reason();
    }
    boolean kept =
        switch (wanted) {
          case NOTHING ->
              state instanceof InstanceState.Absent || state instanceof InstanceState.Tombstone;
          case RUNNING -> state instanceof InstanceState.Running;
          case STOPPED -> state instanceof InstanceState.Stopped;
          // A process that continued without Chowder may be frozen again.
          case ENDED ->
              state instanceof InstanceState.Stopped s
                  && (!s.sleep().holdsProcesses() || isBlamed(Blame.PROCESS, Blame.LATE));
          case DELETED -> state instanceof InstanceState.Deleted;
          case POOLED ->
              state instanceof InstanceState.Pooled
                  || (state instanceof InstanceState.Discarded && faults);
          case DISCARDED -> state instanceof InstanceState.Discarded;
        };
    return kept ? "" : "the last accepted command wanted " + wanted;
  }

  private String agrees(Pair at) {
    var host = at.host();
    boolean holdsSlot =
        switch (at.state()) {
          case InstanceState.Running _, InstanceState.Stopped _ -> true;
          case InstanceState _ -> false;
        };
    if (host.slot() != holdsSlot) return holdsSlot ? "it has no slot" : "it holds a slot";
    return switch (at.state()) {
      case InstanceState.Running r -> running(r, r.endpoint(), host);
      case InstanceState.Pooled p ->
          host.process().isUp() && host.process().served() == p.attempt()
              ? ""
              : "the gateway of the member does not run";
      case InstanceState.Stopped s -> stopped(s, host);
      case InstanceState.Errored e -> failed(e, host);
      case InstanceState.Absent(), InstanceState.Tombstone _ -> nothingLeft(host);
      case InstanceState.Deleted _, InstanceState.Discarded _ -> {
        if (host.secrets()) yield "its secrets are left";
        yield nothingLeft(host);
      }
      case InstanceState other -> "it is not steady: " + other.getClass().getSimpleName();
    };
  }

  private static String nothingLeft(ModelHost host) {
    if (host.home().exists()) return "its home volume is left";
    return host.process().kind() == Kind.MISSING ? "" : "its process is left";
  }

  private String running(InstanceState.Running r, String endpoint, ModelHost host) {
    var process = host.process();
    if (!process.isUp()) return "its gateway does not run";
    // A late start may replace a process that ended. It serves as well, since it has the same home.
    boolean replaced = isBlamed(Blame.LATE) && process.served() < r.attempt();
    if (process.served() != r.attempt() && !replaced)
      return "attempt " + process.served() + " runs";
    if (!process.address().equals(endpoint)) return "its gateway has another address";
    if (host.home().generation() != r.profile().homes().generation()) return "another home runs";
    if (!isBlamed(Blame.CONFIG)) {
      if (process.overrides() != overrides) return "its overrides are " + process.overrides();
      if (process.channels() != channelVersion()) return "its channels are " + process.channels();
    }
    return process.token() == rotations && host.token() == rotations
        ? ""
        : "its token is that of rotation " + process.token();
  }

  private String stopped(InstanceState.Stopped s, ModelHost host) {
    var process = host.process();
    var sleep = s.sleep();
    if (process.isUp()) return "its gateway runs";
    if (!sleep.holdsProcesses() && process.isFrozen()) return "its gateway is frozen";
    if (sleep.holdsProcesses() && !process.isFrozen()) return "its gateway is not frozen";
    if (sleep.holdsProcesses() && process.label() != sleep.boot()) return "another boot sleeps";
    boolean inSwap = sleep.level() != SleepLevel.PAGED_OUT || process.pagedOut();
    if (!inSwap && !isBlamed(Blame.PROCESS, Blame.LATE)) return "it is not in swap";
    if (host.token() != rotations) return "its token is that of rotation " + host.token();
    if (host.home().generation() != s.profile().homes().generation()) return "it has another home";
    var profile = s.profile();
    boolean pending =
        profile.configPending() || profile.config().overrides().taken() == Taken.PENDING;
    boolean applied = host.home().overrides() == overrides || isBlamed(Blame.CONFIG);
    return pending || applied ? "" : "its overrides are neither applied nor pending";
  }

  private String failed(InstanceState.Errored e, ModelHost host) {
    // A late start may leave a process, which is stopped unless something froze it meanwhile.
    boolean frozenLate = host.process().isFrozen() && isBlamed(Blame.LATE);
    if (host.process().lives() && !frozenLate) return "a process is left";
    if (e.homeKept() && !host.home().exists() && !isBlamed(Blame.HOME)) {
      return "its home volume is missing";
    }
    boolean mayStay = e.homeKept() || isBlamed(Blame.HOME);
    return mayStay || !host.home().exists() ? "" : "its unused home volume is left";
  }
}
