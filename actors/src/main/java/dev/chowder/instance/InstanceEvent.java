package dev.chowder.instance;

import java.time.Instant;
import java.util.Map;
import java.util.Optional;

/**
 * A fact about an instance. Past tense, immutable, persisted for ever; {@link InstanceJournal}
 * writes it.
 */
public sealed interface InstanceEvent {
  Instant at();

  /** The acting key's id; empty: the system itself. */
  default String keyId() {
    return "";
  }

  /**
   * The id of the request that caused it, by which a resent request is recognized; empty if the
   * event is recognized otherwise.
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

  record BirthForbidden(String organizationId, Instant at) implements InstanceEvent {}

  /**
   * {@code overrides} is the version that the stage wrote into the home; empty if it wrote none.
   */
  record StageFinished(
      int attempt,
      StageRecord done,
      Optional<String> endpoint,
      int configVersion,
      String overrides,
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

  record StopRequested(String keyId, Instant at) implements InstanceEvent {}

  record Stopped(int attempt, Instant at) implements InstanceEvent {}

  /** {@code cause} is empty when a caller asked. */
  record StartRequested(String keyId, int attempt, String cause, Instant at)
      implements InstanceEvent {}

  /**
   * Its gateway was lost and will be started again. {@code byItself} is true if the gateway ended
   * by itself, not with the engine or the host and not on SIGTERM.
   */
  record GatewayLost(int attempt, String reason, String message, boolean byItself, Instant at)
      implements InstanceEvent {}

  record Deleted(String keyId, String requestId, Instant at) implements InstanceEvent {}

  record SlotReleased(Instant at) implements InstanceEvent {}

  record SandboxRemoved(Instant at) implements InstanceEvent {}

  record LeftoverFound(Instant at) implements InstanceEvent {}

  /** {@code overrides} is the version that is now current; empty if the overrides stay. */
  record Updated(
      String keyId,
      Optional<String> name,
      Optional<Map<String, String>> labels,
      String overrides,
      Instant at)
      implements InstanceEvent {}

  /**
   * {@code overrides} is the version that the gateway applied or rejected; empty if it did neither,
   * or if there are none.
   */
  record ConfigApplied(
      int attempt, int configVersion, String overrides, boolean refused, String note, Instant at)
      implements InstanceEvent {}

  record EndpointMoved(int attempt, String endpoint, Instant at) implements InstanceEvent {}

  record RestartRequested(String keyId, Instant at) implements InstanceEvent {}

  /**
   * {@code homeKept} is true if a home exists in which an agent ran, so that its gateway only has
   * to start. {@code generation} is that of this home, or of the one to be created.
   */
  record Recovered(
      String keyId, int attempt, boolean homeKept, ModelChoice model, int generation, Instant at)
      implements InstanceEvent {}

  /**
   * The running gateway is of a later attempt than the journal knew, for example after a restore of
   * an older database. {@code generation} is that of its home.
   */
  record LaterAttemptFound(int attempt, int generation, String endpoint, Instant at)
      implements InstanceEvent {}

  record SlotFound(Instant at) implements InstanceEvent {}

  record TokenRotationRequested(String keyId, String requestId, Instant at)
      implements InstanceEvent {}

  record TokenRotated(int attempt, int rotation, Instant at) implements InstanceEvent {}

  /** {@code version} names the value that is now current. */
  record ChannelSwitched(String keyId, String channel, boolean enabled, String version, Instant at)
      implements InstanceEvent {}
}
