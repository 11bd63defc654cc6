package dev.chowder.instance;

import dev.chowder.sandbox.SandboxRef;
import java.time.Instant;
import java.util.Map;
import java.util.Optional;

/**
 * A fact about an instance, named in the past tense. Stored permanently by {@link InstanceJournal}
 * and never changed.
 */
public sealed interface InstanceEvent {
  Instant at();

  /** Returns the id of the acting key; empty if the system acted. */
  default String keyId() {
    return "";
  }

  /**
   * Returns the id of the causing request, which identifies a resent request. Empty if a resent
   * request is identified otherwise.
   */
  default String requestId() {
    return "";
  }

  record Created(String keyId, Profile profile, Instant at) implements InstanceEvent {
    @Override
    public String requestId() {
      return profile.createRequestId();
    }
  }

  /** A pool member was created. */
  record MemberCreated(Profile profile, PoolSetup setup, Instant at) implements InstanceEvent {
    @Override
    public String requestId() {
      return profile.createRequestId();
    }
  }

  /**
   * A create claimed a pool member. The home volumes in {@code profile} are not stored, since those
   * of the member stay.
   */
  record Claimed(String keyId, Profile profile, Instant at) implements InstanceEvent {
    @Override
    public String requestId() {
      return profile.createRequestId();
    }
  }

  /**
   * A pool member was discarded. {@code slotHeld} is true if the organization may hold a slot for
   * it, because a create failed while it claimed the member.
   */
  record Discarded(boolean slotHeld, String reason, Instant at) implements InstanceEvent {}

  record CreationForbidden(String organizationId, Instant at) implements InstanceEvent {}

  /**
   * A stage succeeded. {@code overrides} is the version that it wrote into the home volume; empty
   * if it wrote none. {@code thawed} is true if the stage continued the frozen gateway. {@code
   * sandbox} is the sandbox that it created; empty if it created none, or in events of older
   * versions.
   */
  record StageFinished(
      int attempt,
      StageRecord done,
      Optional<String> endpoint,
      int configVersion,
      String overrides,
      boolean thawed,
      Optional<SandboxRef> sandbox,
      Instant at)
      implements InstanceEvent {}

  record Failed(
      int attempt,
      Optional<Stage> stage,
      Instant startedAt,
      String reason,
      String message,
      Instant at)
      implements InstanceEvent {}

  /** A stop was requested. {@code ends} is true if no process may stay frozen. */
  record StopRequested(String keyId, boolean ends, Instant at) implements InstanceEvent {}

  /**
   * The gateway stopped at a level of sleep. {@code boot} is the attempt on the label of its
   * container; 0 if no process is left.
   */
  record Stopped(int attempt, SleepLevel level, int boot, SleepMemory memory, Instant at)
      implements InstanceEvent {}

  /** A stopped gateway is being moved to a deeper level of sleep. */
  record SleepRequested(SleepLevel level, Instant at) implements InstanceEvent {}

  /** A stopped gateway reached another level of sleep, or lost its processes. */
  record SleepReached(int attempt, SleepLevel level, SleepMemory memory, Instant at)
      implements InstanceEvent {}

  /** A start was requested. {@code cause} is empty if a caller requested it. */
  record StartRequested(String keyId, int attempt, String cause, Instant at)
      implements InstanceEvent {}

  /**
   * The gateway was lost and will be started again. {@code byItself} is true unless the engine, the
   * host or a SIGTERM ended it.
   */
  record GatewayLost(int attempt, String reason, String message, boolean byItself, Instant at)
      implements InstanceEvent {}

  record Deleted(String keyId, String requestId, Instant at) implements InstanceEvent {}

  record SlotReleased(Instant at) implements InstanceEvent {}

  record SandboxRemoved(Instant at) implements InstanceEvent {}

  record LeftoverFound(Instant at) implements InstanceEvent {}

  /**
   * Name, labels, sandbox image or overrides changed. {@code overrides} is the new current version;
   * empty if the overrides did not change.
   */
  record Updated(
      String keyId,
      Optional<String> name,
      Optional<Map<String, String>> labels,
      Optional<String> sandboxImage,
      String overrides,
      Instant at)
      implements InstanceEvent {}

  /**
   * The gateway received its configuration. {@code overrides} is the version that it applied or
   * rejected; empty if it did neither, or if there are no overrides.
   */
  record ConfigApplied(
      int attempt, int configVersion, String overrides, boolean refused, String note, Instant at)
      implements InstanceEvent {}

  record EndpointMoved(int attempt, String endpoint, Instant at) implements InstanceEvent {}

  record RestartRequested(String keyId, Instant at) implements InstanceEvent {}

  /**
   * A recovery began. {@code homeKept} is true if an existing home volume is used, so that only the
   * gateway must start. {@code generation} identifies this volume, or the one to be created.
   */
  record Recovered(
      String keyId, int attempt, boolean homeKept, ModelChoice model, int generation, Instant at)
      implements InstanceEvent {}

  /**
   * A gateway runs whose attempt is later than the journal knew, for example after an older
   * database was restored. {@code generation} identifies its home volume.
   */
  record LaterAttemptFound(int attempt, int generation, String endpoint, Instant at)
      implements InstanceEvent {}

  record SlotFound(Instant at) implements InstanceEvent {}

  record TokenRotationRequested(String keyId, String requestId, Instant at)
      implements InstanceEvent {}

  record TokenRotated(int attempt, int rotation, Instant at) implements InstanceEvent {}

  /** A channel was connected or disconnected. {@code version} names its current value. */
  record ChannelSwitched(String keyId, String channel, boolean enabled, String version, Instant at)
      implements InstanceEvent {}
}
