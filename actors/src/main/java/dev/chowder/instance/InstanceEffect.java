package dev.chowder.instance;

import java.time.Instant;
import java.util.List;

/** The pending work of an instance outside its actor; a pure function of its state. */
public sealed interface InstanceEffect {
  /**
   * Returns the organization in whose name the effect waits for a permit; empty if there is nothing
   * to do.
   */
  String organizationId();

  /**
   * Returns whether this effect has been pending since the earlier one was. Other configuration,
   * another extent of a removal or an end instead of a freeze change the work that is pending, but
   * do not make it younger.
   */
  default boolean continues(InstanceEffect earlier) {
    return switch (this) {
      case RunStages e ->
          earlier instanceof RunStages b && b.attempt == e.attempt && b.stages.equals(e.stages);
      case StopGateway e -> earlier instanceof StopGateway b && b.attempt == e.attempt;
      case AwaitStart e -> earlier instanceof AwaitStart b && b.attempt == e.attempt;
      case ApplyConfig e -> earlier instanceof ApplyConfig b && b.attempt == e.attempt;
      case RotateToken e -> earlier instanceof RotateToken b && b.rotation == e.rotation;
      case Remove e -> earlier instanceof Remove b && b.attempt == e.attempt;
      case ReleaseSlot _ -> earlier instanceof ReleaseSlot;
      case Deepen _, None _ -> equals(earlier);
    };
  }

  record None() implements InstanceEffect {
    @Override
    public String organizationId() {
      return "";
    }
  }

  /**
   * Runs the remaining stages of a provisioning or a start, one after another.
   *
   * @param purpose what the stages belong to
   * @param stages the remaining stages, at least one
   * @param sandboxImage variant of the sandbox image
   * @param config the configuration that {@link Stage#OPENCLAW_CONFIG} writes into the home volume
   * @param homes the home volume of the attempt, and the volumes that it must keep
   * @param sleep the sleeping processes that {@link Stage#START_GATEWAY} may thaw
   */
  record RunStages(
      Purpose purpose,
      List<Stage> stages,
      int attempt,
      String organizationId,
      String sandboxImage,
      ModelChoice model,
      WantedConfig config,
      Homes homes,
      Sleep sleep)
      implements InstanceEffect {
    static RunStages of(
        InstanceState.Progress progress, int attempt, Profile profile, Sleep sleep) {
      return new RunStages(
          Purpose.of(progress.plan()),
          progress.left(),
          attempt,
          profile.organizationId(),
          profile.sandboxImage(),
          profile.model(),
          WantedConfig.of(
              profile, progress.plan().contains(Stage.CREATE_SANDBOX) || profile.homes().adopted()),
          profile.homes(),
          sleep);
    }

    /** Returns whether both belong to the same provisioning or start, at whatever stage. */
    public boolean isSamePlanAs(RunStages other) {
      return attempt == other.attempt
          && organizationId.equals(other.organizationId)
          && model.equals(other.model);
    }
  }

  /** The purpose of stages. A claimed instance is provisioned, although its attempt is not 1. */
  enum Purpose {
    PROVISIONING,
    START,
    /** The provisioning of a pool member. */
    POOL;

    private static Purpose of(List<Stage> plan) {
      return plan.contains(Stage.WARM_UP)
          ? POOL
          : plan.contains(Stage.CREATE_SANDBOX) ? PROVISIONING : START;
    }
  }

  /**
   * Stops the gateway.
   *
   * @param mayFreeze whether its processes may be frozen instead of ended
   */
  record StopGateway(String organizationId, int attempt, boolean mayFreeze)
      implements InstanceEffect {
    static StopGateway of(InstanceState.Existing state, boolean mayFreeze) {
      return new StopGateway(state.profile().organizationId(), state.attempt(), mayFreeze);
    }
  }

  /**
   * Moves a sleeping gateway to a deeper level.
   *
   * @param attempt the last attempt of the instance
   */
  record Deepen(String organizationId, int attempt, SleepLevel level) implements InstanceEffect {}

  /**
   * Waits until a lost gateway may be started again.
   *
   * @param attempt the attempt whose gateway was lost
   * @param engineLosses times of losses with the engine, including this one; empty if the gateway
   *     was lost otherwise, and the start needs no back-off
   * @param since the start of the wait
   */
  record AwaitStart(String organizationId, int attempt, List<Instant> engineLosses, Instant since)
      implements InstanceEffect {}

  /** Applies the configuration to the running gateway. */
  record ApplyConfig(String organizationId, int attempt, String endpoint, WantedConfig config)
      implements InstanceEffect {}

  /**
   * Replaces the gateway's token by a new one.
   *
   * @param endpoint address of the gateway; empty if it does not run and will read the token when
   *     it starts
   * @param rotation number of the rotation; repeating the same rotation yields the same token
   */
  record RotateToken(String organizationId, int attempt, String endpoint, int rotation)
      implements InstanceEffect {
    /** Returns the pending rotation, or {@code otherwise} if none is pending. */
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
   * @param homes decides which home volumes may be removed, unless the instance was deleted
   */
  record Remove(String organizationId, Scope scope, int attempt, Homes homes)
      implements InstanceEffect {}

  /** The extent of a removal. */
  enum Scope {
    /** Removes the processes and keeps the home volume. */
    PROCESSES,
    /** Also removes the home volume, since no agent ran in it. Keeps the secrets for a recover. */
    SANDBOX,
    /** Removes everything, including the secrets. */
    EVERYTHING,
    /**
     * Removes everything of a pool member, and nothing if its home volume shows that it was
     * claimed.
     */
    MEMBER
  }
}
