package dev.chowder.instance;

import java.time.Instant;
import java.util.List;

/** Work that the outside world still owes an instance; a pure function of its state. */
public sealed interface InstanceEffect {
  /** The organization whose turn it takes; empty if there is nothing to do. */
  String organizationId();

  record None() implements InstanceEffect {
    @Override
    public String organizationId() {
      return "";
    }
  }

  /**
   * Runs the remaining stages of the way to a running gateway, one after another.
   *
   * @param stages at least one
   * @param config the configuration that {@link Stage#OPENCLAW_CONFIG} writes into the home
   * @param homes the home that it uses, and those that it must not touch
   */
  record RunStages(
      List<Stage> stages,
      int attempt,
      String organizationId,
      ModelChoice model,
      WantedConfig config,
      Homes homes)
      implements InstanceEffect {
    static RunStages of(InstanceState.Progress progress, int attempt, Profile profile) {
      return new RunStages(
          progress.left(),
          attempt,
          profile.organizationId(),
          profile.model(),
          WantedConfig.of(
              profile, progress.plan().contains(Stage.CREATE_SANDBOX) || profile.homes().adopted()),
          profile.homes());
    }

    /** Whether it is on the same way, wherever on it. */
    public boolean isOnWayOf(RunStages other) {
      return attempt == other.attempt
          && organizationId.equals(other.organizationId)
          && model.equals(other.model);
    }
  }

  record StopGateway(String organizationId, int attempt) implements InstanceEffect {}

  /**
   * Waits until a gateway that was lost may be started again.
   *
   * @param attempt the attempt that was lost
   * @param engineLosses when it was lost with its engine, this time included; empty if it was lost
   *     otherwise, and need not back off
   * @param since the start of the wait
   */
  record AwaitStart(String organizationId, int attempt, List<Instant> engineLosses, Instant since)
      implements InstanceEffect {}

  /** Makes the running gateway apply its configuration. */
  record ApplyConfig(String organizationId, int attempt, String endpoint, WantedConfig config)
      implements InstanceEffect {}

  /**
   * Makes another token the only one that is valid.
   *
   * @param endpoint where the gateway answers; empty: it does not run, and gets it when it starts
   * @param rotation which one: the same leads to the same token, however often it is taken
   */
  record RotateToken(String organizationId, int attempt, String endpoint, int rotation)
      implements InstanceEffect {
    /** What is owed to a gateway there; {@code otherwise} when its token is as asked for. */
    static InstanceEffect or(
        int attempt, String endpoint, Profile profile, InstanceEffect otherwise) {
      return profile.token().isPending()
          ? new RotateToken(profile.organizationId(), attempt, endpoint, profile.token().asked())
          : otherwise;
    }
  }

  record ReleaseSlot(String organizationId) implements InstanceEffect {}

  /**
   * Removes what an instance no longer needs.
   *
   * @param attempt the last attempt whose processes are removed
   * @param homes decides which homes may be removed, unless the instance was deleted
   */
  record Remove(String organizationId, Scope scope, int attempt, Homes homes)
      implements InstanceEffect {}

  /** How much is removed. */
  enum Scope {
    /** The processes: the home is kept. */
    PROCESSES,
    /** The home as well: no agent lived in it. What the caller set is kept for another try. */
    SANDBOX,
    /** Secrets included: nothing is left. */
    EVERYTHING
  }
}
