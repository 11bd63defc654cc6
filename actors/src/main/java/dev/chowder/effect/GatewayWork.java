package dev.chowder.effect;

import dev.chowder.instance.ConfigValues;
import dev.chowder.instance.Homes;
import dev.chowder.instance.InstanceEffect;
import dev.chowder.instance.InstanceId;
import dev.chowder.instance.ModelChoice;
import dev.chowder.instance.Stage;
import dev.chowder.instance.StageRecord;
import dev.chowder.instance.WantedConfig;
import dev.chowder.sandbox.Fence;
import java.util.Optional;

/**
 * The blocking side of the effects. Every method may be called again after a crash, and ends early
 * when its thread is interrupted.
 */
public interface GatewayWork {
  /** Takes one step. */
  Outcome run(InstanceId id, Step step) throws InterruptedException;

  /**
   * Returns whether the host has memory for the next start of an instance's gateway, and counts it
   * if so. If it has none, the lost gateway is stopped where it still takes some, as one that was
   * frozen does.
   *
   * @param lost the attempt that was lost
   */
  boolean admitStart(InstanceId id, int lost);

  /**
   * Asks the engine about the instance's sandbox.
   *
   * @throws dev.chowder.sandbox.SandboxException if the engine does not answer
   */
  void checkEngine(InstanceId id);

  /**
   * Stops the gateway of this attempt or of an earlier one, after it has drained if it does so in
   * time.
   */
  void stop(InstanceId id, int attempt) throws InterruptedException;

  /**
   * Makes the running gateway apply its configuration.
   *
   * @throws WorkFailure if it does not apply it now, but may do so later
   */
  Applied applyConfig(InstanceId id, InstanceEffect.ApplyConfig apply) throws InterruptedException;

  /**
   * The outcome of a configuration.
   *
   * @param overrides the outcome of the overrides in it
   * @param note why something was not applied; empty if all was
   */
  record Applied(ConfigValues.Taken overrides, String note) {}

  /** Makes the token of this rotation the only one that opens the gateway. */
  void rotateToken(InstanceId id, InstanceEffect.RotateToken rotate) throws InterruptedException;

  /** Removes so much. */
  void remove(InstanceId id, InstanceEffect.Remove what) throws InterruptedException;

  /** Gives the instance's slot back. */
  void releaseSlot(InstanceId id, String organizationId) throws InterruptedException;

  /**
   * One stage of an instance's way to a running gateway.
   *
   * @param config the configuration that {@link Stage#OPENCLAW_CONFIG} writes into the home
   * @param homes the home that it uses, and those that it must not touch
   */
  record Step(
      Stage stage,
      int attempt,
      String organizationId,
      ModelChoice model,
      WantedConfig config,
      Homes homes) {
    /** Returns what the driver may touch for this stage. */
    Fence fence() {
      return new Fence(attempt, homes.generation());
    }
  }

  /**
   * The result of a stage.
   *
   * @param endpoint the gateway's address, if this stage learns it
   * @param overrides the version of the overrides that this stage wrote; empty if it wrote none
   */
  record Outcome(
      StageRecord.Outcome outcome, String note, Optional<String> endpoint, String overrides) {
    public Outcome(StageRecord.Outcome outcome, String note, Optional<String> endpoint) {
      this(outcome, note, endpoint, "");
    }

    public static Outcome executed() {
      return new Outcome(StageRecord.Outcome.EXECUTED, "", Optional.empty());
    }

    public static Outcome skipped() {
      return new Outcome(StageRecord.Outcome.SKIPPED, "", Optional.empty());
    }
  }

  /** Why a step failed; message and reason are shown to the caller. */
  final class WorkFailure extends RuntimeException {
    private static final long serialVersionUID = 1L;
    private final String reason;
    private final String text;

    public WorkFailure(String reason, String text) {
      super(text);
      this.reason = reason;
      this.text = text;
    }

    /** A gateway does not take {@code what} now, and may later. */
    static WorkFailure notNow(String what, String why) {
      return new WorkFailure("GATEWAY_UNAVAILABLE", what + ": " + why);
    }

    /** In plain words. */
    public String text() {
      return text;
    }

    /** UPPER_SNAKE. */
    public String reason() {
      return reason;
    }
  }
}
