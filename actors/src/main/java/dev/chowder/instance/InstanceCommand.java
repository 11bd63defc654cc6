package dev.chowder.instance;

import com.fasterxml.jackson.annotation.JsonSubTypes;
import com.fasterxml.jackson.annotation.JsonTypeInfo;
import dev.chowder.actor.CborSerializable;
import dev.chowder.instance.ConfigValues.OverridesVersion;
import dev.chowder.instance.ConfigValues.Taken;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.apache.pekko.actor.typed.ActorRef;

/**
 * Everything that can be said to an instance: by a caller, by its own effects, or by those who look
 * after it.
 */
public sealed interface InstanceCommand extends CborSerializable {
  /**
   * Commands that expect a reply. Handling must be idempotent: {@link
   * dev.chowder.actor.RetryingAsk} resends a command until it is answered. {@code keyId} is the
   * acting API key; empty if the system acts. {@code requestId} is new for each request and stays
   * the same when it is resent.
   */
  sealed interface Request extends InstanceCommand {
    ActorRef<InstanceReply> replyTo();
  }

  /**
   * What effects and observers report. Never answered; what belongs to a former life is dropped by
   * its attempt.
   */
  sealed interface Report extends InstanceCommand {}

  record Create(String keyId, Profile profile, Instant now, ActorRef<InstanceReply> replyTo)
      implements Request {}

  record Get(ActorRef<InstanceReply> replyTo) implements Request {}

  /**
   * The state now and each new one go to {@code replyTo} until it ends; said again, the state is
   * sent again. Before the first of them {@code watcher} is told which actor answers.
   */
  record Watch(ActorRef<InstanceReply> replyTo, ActorRef<InstanceActor> watcher)
      implements Request {}

  record Stop(String keyId, Instant now, ActorRef<InstanceReply> replyTo) implements Request {}

  record Start(String keyId, Instant now, ActorRef<InstanceReply> replyTo) implements Request {}

  record Restart(String keyId, Instant now, ActorRef<InstanceReply> replyTo) implements Request {}

  /**
   * Recovers a failed instance in a slot that was just taken for it.
   *
   * @param attempt the attempt that failed, as seen before the slot was taken
   * @param slotReturns how often that attempt had released a slot, as seen at the same time: a slot
   *     that was released since is not the one that was taken
   * @param home the generation of the home volume on the host; empty if there is none
   * @param ran the attempt of the gateway's process on the host, running or ended; 0 if there is
   *     none
   * @param model the model if it must be provisioned again
   */
  record Recover(
      String keyId,
      int attempt,
      int slotReturns,
      Optional<Integer> home,
      int ran,
      ModelChoice model,
      Instant now,
      ActorRef<InstanceReply> replyTo)
      implements Request {}

  record Delete(String keyId, String requestId, Instant now, ActorRef<InstanceReply> replyTo)
      implements Request {}

  /**
   * Changes labels, name or overrides.
   *
   * @param labels the changes; an empty value removes a label
   * @param overrides the change of overrides; empty if they stay
   */
  record Update(
      String keyId,
      Optional<String> name,
      Map<String, String> labels,
      Optional<OverridesChange> overrides,
      Instant now,
      ActorRef<InstanceReply> replyTo)
      implements Request {}

  /**
   * A change of overrides, whose value is already written.
   *
   * @param base the overrides that they were computed from; the change is rejected if it is no
   *     longer current
   * @param version names the value; new for each change
   */
  record OverridesChange(OverridesVersion base, String version) {}

  /**
   * Connects or disconnects a channel.
   *
   * @param base the version that the value was computed from, empty if there was none; the change
   *     is rejected if it is no longer current
   * @param version names the value, which is already written; new for each change
   */
  record SwitchChannel(
      String keyId,
      String channel,
      boolean enabled,
      String base,
      String version,
      Instant now,
      ActorRef<InstanceReply> replyTo)
      implements Request {}

  /** Asks for another token for its gateway. */
  record RotateToken(String keyId, String requestId, Instant now, ActorRef<InstanceReply> replyTo)
      implements Request {}

  /**
   * Has the view stored once more, whatever is believed to be there. It is answered when that is
   * done, and at once by an instance that has none.
   */
  record RefreshRow(ActorRef<InstanceReply> replyTo) implements Request {}

  /**
   * Says that its organization holds a slot for it. An instance that does not use it gives it back;
   * one that was never created may not be any more.
   */
  record ReleaseUnusedSlot(String organizationId, Instant now, ActorRef<InstanceReply> replyTo)
      implements Request {}

  /**
   * Asks for what is owed once more, and gives a stage up that has been under way for longer than
   * {@code overdue}.
   */
  record Redispatch(Instant now, Duration overdue) implements Report {}

  /**
   * Stages that ended well, in the order of their plan; what is known already may be among them.
   */
  record StagesFinished(int attempt, List<Finished> stages) implements Report {}

  /**
   * Reports a stage that succeeded.
   *
   * @param endpoint the gateway's address, if this stage learned it
   * @param configVersion the last change of the configuration that the gateway's file has now; 0 if
   *     as before
   * @param overrides the overrides that the file has now; empty if this stage wrote none
   */
  record Finished(
      StageRecord done,
      Optional<String> endpoint,
      int configVersion,
      String overrides,
      Instant at) {}

  /** A stage or a stop failed for good. {@code stage} is empty for a stop. */
  record EffectFailed(
      int attempt,
      Optional<Stage> stage,
      Instant startedAt,
      String reason,
      String message,
      Instant now)
      implements Report {}

  record GatewayStopped(int attempt, Instant now) implements Report {}

  /** Reports that a gateway that was lost in this attempt may be started again now. */
  record StartDue(int attempt, Instant now) implements Report {}

  /**
   * Reports that the running gateway was asked to apply its configuration.
   *
   * @param overrides the overrides in it; empty if there are none
   * @param taken their outcome
   * @param note why something was not applied; empty if all was
   */
  record ConfigApplied(
      int attempt, int configVersion, String overrides, Taken taken, String note, Instant now)
      implements Report {}

  /** The token of this rotation is the only one that is valid. */
  record TokenRotated(int attempt, int rotation, Instant now) implements Report {}

  record SlotReleased(Instant now) implements Report {}

  /** Reports that everything in this scope that this attempt had to remove is gone. */
  record Removed(int attempt, InstanceEffect.Scope scope, Instant now) implements Report {}

  /**
   * Reports the observed state of the sandbox while the instance was in {@code attempt}.
   *
   * @param policy how often a gateway that crashes is started again
   */
  record Observed(int attempt, ObservedState observed, RestartPolicy policy, Instant now)
      implements Report {}

  /** A gateway that crashes is started again, but at most {@code restarts} times in a window. */
  record RestartPolicy(int restarts, Duration window) {}

  /** What can be seen of a sandbox from outside. */
  @JsonTypeInfo(use = JsonTypeInfo.Id.NAME)
  @JsonSubTypes({
    @JsonSubTypes.Type(value = ObservedState.Nothing.class, name = "nothing"),
    @JsonSubTypes.Type(value = ObservedState.Asleep.class, name = "asleep"),
    @JsonSubTypes.Type(value = ObservedState.Up.class, name = "up"),
    @JsonSubTypes.Type(value = ObservedState.Down.class, name = "down"),
    @JsonSubTypes.Type(value = ObservedState.DiskFull.class, name = "disk-full"),
    @JsonSubTypes.Type(value = ObservedState.OtherHome.class, name = "other-home"),
    @JsonSubTypes.Type(value = ObservedState.LaterUp.class, name = "later-up")
  })
  sealed interface ObservedState {
    /** Neither home nor process. */
    record Nothing() implements ObservedState {}

    /** A home without a process. */
    record Asleep() implements ObservedState {}

    /** The gateway's process runs. */
    record Up(String endpoint) implements ObservedState {}

    /**
     * The gateway's process does not run. {@code byItself} is true if it ended by itself, not with
     * the engine or the host and not on SIGTERM.
     */
    record Down(String reason, String message, boolean byItself) implements ObservedState {}

    /** The home is larger than an agent may have. */
    record DiskFull(String message) implements ObservedState {}

    /**
     * Another home than the one that the journal names is on the host.
     *
     * @param runs whether a gateway's process runs in it
     */
    record OtherHome(int generation, boolean runs) implements ObservedState {}

    /** A gateway of a later attempt than the journal knows runs. */
    record LaterUp(int attempt, int generation, String endpoint) implements ObservedState {}
  }
}
