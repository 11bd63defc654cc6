package dev.chowder.gateway;

import dev.chowder.instance.ConfigValues;
import dev.chowder.instance.Homes;
import dev.chowder.instance.InstanceEffect;
import dev.chowder.instance.InstanceId;
import dev.chowder.instance.ModelChoice;
import dev.chowder.instance.Sleep;
import dev.chowder.instance.Stage;
import dev.chowder.instance.StageRecord;
import dev.chowder.instance.WantedConfig;
import dev.chowder.sandbox.Fence;
import dev.chowder.sandbox.SandboxRef;
import java.util.Optional;
import java.util.Set;

/**
 * Performs the blocking work of effects. Every method can be repeated after a crash, and ends early
 * if its thread is interrupted.
 */
public interface GatewayWork {
  /** Runs one stage. */
  Outcome run(InstanceId id, StageRun stageRun) throws InterruptedException;

  /**
   * Returns whether a stage may start OpenClaw. By default, {@code onboard} and {@code
   * start_gateway} do. The image may have an onboarded configuration, so that only the latter does.
   */
  default boolean startsOpenClaw(Stage stage) {
    return stage == Stage.ONBOARD || stage == Stage.START_GATEWAY;
  }

  /**
   * Returns whether the host has memory for the next start of an instance's gateway, and counts the
   * gateway if so. If it has none, stops the lost gateway, which still uses memory if it was
   * frozen.
   *
   * @param lost attempt that was lost
   */
  boolean admitStart(InstanceId id, int lost);

  /**
   * Checks that the engine can be queried about the instance's sandbox.
   *
   * @throws dev.chowder.sandbox.SandboxException if the engine does not respond
   */
  void checkEngine(InstanceId id);

  /**
   * Continues the sleeping gateway of the stage's instance until it admits messages with its
   * current configuration. Empty if that is impossible. The process may be left, running or frozen,
   * and {@link Stage#START_GATEWAY} ends it.
   */
  Optional<Outcome> wake(InstanceId id, StageRun stageRun) throws InterruptedException;

  /**
   * Makes the running gateway apply its configuration.
   *
   * @throws WorkFailure if it does not apply it now, but may do so later
   */
  Applied applyConfig(InstanceId id, InstanceEffect.ApplyConfig apply) throws InterruptedException;

  /**
   * The outcome of a changed configuration.
   *
   * @param overrides outcome of its overrides
   * @param note why a part was not applied; empty if everything was
   */
  record Applied(ConfigValues.Taken overrides, String note) {}

  /** Makes the token of this rotation the only one that the gateway accepts. */
  void rotateToken(InstanceId id, InstanceEffect.RotateToken rotate) throws InterruptedException;

  /**
   * Removes what the effect's scope names. Returns false, without a change, if a pool member was
   * claimed after all.
   */
  boolean remove(InstanceId id, InstanceEffect.Remove what) throws InterruptedException;

  /**
   * Deletes the secrets of a deleted instance, as {@link #remove} does. They are in the database,
   * so that they need not wait for a host that is away.
   */
  void deleteSecrets(InstanceId id);

  /** Releases the instance's slot. */
  void releaseSlot(InstanceId id, String organizationId) throws InterruptedException;

  /**
   * One run of a stage on the way to a running gateway.
   *
   * @param sandboxImage variant of the sandbox image
   * @param config configuration that {@link Stage#OPENCLAW_CONFIG} writes into the home volume
   * @param homes the home volume that the stage uses, and the volumes that it must not touch
   * @param sleep the sleeping processes that a wake continues
   */
  record StageRun(
      Stage stage,
      int attempt,
      String organizationId,
      String sandboxImage,
      ModelChoice model,
      WantedConfig config,
      Homes homes,
      Sleep sleep) {
    /** Returns what the engine may touch for this stage. */
    public Fence fence() {
      return new Fence(attempt, homes.generation());
    }
  }

  /**
   * The result of a stage.
   *
   * @param note a remark for callers; empty if there is none
   * @param endpoint address of the gateway; empty unless this stage determines it
   * @param config the configuration that this stage applied
   * @param thawed whether this stage continued the frozen gateway
   * @param sandbox the sandbox that this stage created; empty if it created none
   * @param prepares later stages that have nothing left to do
   */
  record Outcome(
      StageRecord.Outcome outcome,
      String note,
      Optional<String> endpoint,
      AppliedConfig config,
      boolean thawed,
      Optional<SandboxRef> sandbox,
      Set<Stage> prepares) {
    public Outcome(StageRecord.Outcome outcome, String note, Optional<String> endpoint) {
      this(outcome, note, endpoint, AppliedConfig.NONE, false, Optional.empty(), Set.of());
    }

    public static Outcome executed() {
      return new Outcome(StageRecord.Outcome.EXECUTED, "", Optional.empty());
    }

    public static Outcome created(SandboxRef sandbox) {
      return new Outcome(
          StageRecord.Outcome.EXECUTED,
          "",
          Optional.empty(),
          AppliedConfig.NONE,
          false,
          Optional.of(sandbox),
          Set.of());
    }

    public static Outcome prepared() {
      return new Outcome(StageRecord.Outcome.PREPARED, "", Optional.empty());
    }

    public static Outcome skipped() {
      return new Outcome(StageRecord.Outcome.SKIPPED, "", Optional.empty());
    }

    public static Outcome configured(String note, AppliedConfig config) {
      return new Outcome(
          StageRecord.Outcome.EXECUTED,
          note,
          Optional.empty(),
          config,
          false,
          Optional.empty(),
          Set.of());
    }

    public static Outcome thawed(String note, AppliedConfig config) {
      return new Outcome(
          StageRecord.Outcome.EXECUTED,
          note,
          Optional.empty(),
          config,
          true,
          Optional.empty(),
          Set.of());
    }

    public Outcome withNote(String other) {
      return new Outcome(outcome, other, endpoint, config, thawed, sandbox, prepares);
    }

    public Outcome preparing(Set<Stage> later) {
      return new Outcome(outcome, note, endpoint, config, thawed, sandbox, Set.copyOf(later));
    }
  }

  /**
   * The configuration that a stage applied.
   *
   * @param version the last change; 0 if the stage applied none
   * @param overrides version of the overrides; empty if the stage applied none
   */
  record AppliedConfig(int version, String overrides) {
    public static final AppliedConfig NONE = new AppliedConfig(0, "");
  }

  /** Reports why work failed. Reason and text are shown to callers. */
  final class WorkFailure extends RuntimeException {
    private static final long serialVersionUID = 1L;
    private final String reason;
    private final String text;
    private final Kind kind;

    private enum Kind {
      FINAL,
      NO_REPLY,
      BUSY
    }

    public WorkFailure(String reason, String text) {
      this(reason, text, Kind.FINAL);
    }

    private WorkFailure(String reason, String text, Kind kind) {
      super(text);
      this.reason = reason;
      this.text = text;
      this.kind = kind;
    }

    /**
     * Returns the failure of work that an actor did not answer in time, for example because its
     * node was lost. Another node takes the actor over, so a stage is repeated within its limit.
     *
     * @param actor a name of the actor, such as "the organization"
     */
    public static WorkFailure noReply(String actor) {
      return new WorkFailure("TIMED_OUT", actor + " did not reply in time", Kind.NO_REPLY);
    }

    /**
     * Returns the failure of a change that the gateway does not apply because its token is missing
     * or rejected. A later token may be accepted.
     *
     * @param what the changed part of the configuration
     */
    static WorkFailure notNow(String what, String why) {
      return new WorkFailure("GATEWAY_UNAVAILABLE", what + ": " + why);
    }

    /**
     * Returns the failure of a change that the gateway does not apply because it is busy or does
     * not answer.
     *
     * @param what the changed part of the configuration
     */
    public static WorkFailure busy(String what, String why) {
      return new WorkFailure("GATEWAY_UNAVAILABLE", what + ": " + why, Kind.BUSY);
    }

    /** Returns whether an actor did not reply. */
    public boolean isNoReply() {
      return kind == Kind.NO_REPLY;
    }

    /** Returns whether a gateway was busy, so that a repetition soon may succeed. */
    public boolean isBusy() {
      return kind == Kind.BUSY;
    }

    /** Returns the text for callers. */
    public String text() {
      return text;
    }

    /** Returns the reason, in UPPER_SNAKE case. */
    public String reason() {
      return reason;
    }
  }
}
