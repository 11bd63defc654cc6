package dev.chowder.instance;

import com.fasterxml.jackson.annotation.JsonSubTypes;
import com.fasterxml.jackson.annotation.JsonTypeInfo;
import dev.chowder.actor.CborSerializable;
import dev.chowder.instance.ConfigValues.OverridesVersion;
import dev.chowder.instance.ConfigValues.Taken;
import dev.chowder.sandbox.SandboxRef;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.apache.pekko.actor.typed.ActorRef;

/** A message to an instance, from a caller, from its own effects, or from the reconciler. */
public sealed interface InstanceCommand extends CborSerializable {
  /**
   * A command that expects a reply. Handling must be idempotent, since {@link
   * dev.chowder.actor.RetryingAsk} resends a command until the reply arrives. {@code keyId} is the
   * acting API key; empty if the system acts. {@code requestId} is new for each request and stays
   * the same when the request is resent.
   */
  sealed interface Request extends InstanceCommand {
    ActorRef<InstanceReply> replyTo();
  }

  /**
   * A report of an effect or an observer. It gets no reply. A report of an earlier attempt is
   * dropped.
   */
  sealed interface Report extends InstanceCommand {}

  record Create(String keyId, Profile profile, Instant now, ActorRef<InstanceReply> replyTo)
      implements Request {}

  /** Creates a pool member, which no caller finds until a create claims it. */
  record Warm(Profile profile, PoolSetup setup, Instant now, ActorRef<InstanceReply> replyTo)
      implements Request {}

  /**
   * Makes a pool member the instance of a create.
   *
   * @param profile profile of the new instance; its home volumes are those of the member
   * @param setup what the create would provision; the claim is rejected if the member differs
   */
  record Claim(
      String keyId, Profile profile, PoolSetup setup, Instant now, ActorRef<InstanceReply> replyTo)
      implements Request {}

  record Get(ActorRef<InstanceReply> replyTo) implements Request {}

  /**
   * Subscribes {@code replyTo} to the current view and each later one until it stops. If the
   * command is resent, the current view is sent again. {@code watcher} first receives the actor
   * that sends the views.
   */
  record Watch(ActorRef<InstanceReply> replyTo, ActorRef<InstanceActor> watcher)
      implements Request {}

  /**
   * Stops the gateway.
   *
   * @param ends whether its processes must end, so that none of its connections and secrets stays
   *     in memory; otherwise they may be frozen
   */
  record Stop(String keyId, boolean ends, Instant now, ActorRef<InstanceReply> replyTo)
      implements Request {}

  record Start(String keyId, Instant now, ActorRef<InstanceReply> replyTo) implements Request {}

  record Restart(String keyId, Instant now, ActorRef<InstanceReply> replyTo) implements Request {}

  /**
   * Recovers a failed instance in a newly reserved slot.
   *
   * @param attempt the failed attempt, read before the slot was reserved
   * @param slotReturns number of slots that this attempt had released, read at the same time. A
   *     different number means that the reserved slot was released.
   * @param home generation of the home volume on the host; empty if there is none
   * @param ran attempt of the gateway's process on the host, running or ended; 0 if there is none
   * @param model model for a new provisioning
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
   * Changes labels, name, sandbox image or overrides.
   *
   * @param name the new name; empty if it does not change
   * @param labels the changed labels; an empty value removes a label
   * @param sandboxImage variant of the image from the next boot on; empty if it does not change
   * @param overrides the change of the overrides; empty if they do not change
   */
  record Update(
      String keyId,
      Optional<String> name,
      Map<String, String> labels,
      Optional<String> sandboxImage,
      Optional<OverridesChange> overrides,
      Instant now,
      ActorRef<InstanceReply> replyTo)
      implements Request {}

  /**
   * A change of the overrides, whose value is already stored.
   *
   * @param base the overrides from which the new value was computed; the change is rejected if they
   *     are no longer current
   * @param version version of the value, new for each change
   */
  record OverridesChange(OverridesVersion base, String version) {}

  /**
   * Connects or disconnects a channel.
   *
   * @param base version from which the new value was computed; empty if there was none. The change
   *     is rejected if this version is no longer current.
   * @param version version of the value, which is already stored; new for each change
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

  /**
   * Moves a stopped gateway to a deeper level of sleep. Does nothing if it is at that level or
   * deeper, or not stopped. A stop in progress ends the gateway if the level is {@link
   * SleepLevel#OFF}.
   */
  record Deepen(SleepLevel level, Instant now, ActorRef<InstanceReply> replyTo)
      implements Request {}

  /** Requests a new token for the instance's gateway. */
  record RotateToken(String keyId, String requestId, Instant now, ActorRef<InstanceReply> replyTo)
      implements Request {}

  /**
   * Stores the view again, even if the instance regards it as stored. The reply follows the write.
   * An instance without a view replies at once.
   */
  record RefreshRow(ActorRef<InstanceReply> replyTo) implements Request {}

  /**
   * Reports that the organization holds a slot for this instance. An instance that does not use the
   * slot releases it. If the instance was never created, it becomes a tombstone.
   */
  record ReleaseUnusedSlot(String organizationId, Instant now, ActorRef<InstanceReply> replyTo)
      implements Request {}

  /**
   * Dispatches the pending effect again, and fails a stage that has run for longer than {@code
   * overdue}.
   */
  record Redispatch(Instant now, Duration overdue) implements Report {}

  /**
   * Reports stages that succeeded, in the order of their plan. Stages that the instance already
   * knows may be among them.
   */
  record StagesFinished(int attempt, List<Finished> stages) implements Report {}

  /**
   * Reports a stage that succeeded.
   *
   * @param endpoint the gateway's address; empty if this stage did not determine it
   * @param configVersion the last configuration change that this stage wrote to the gateway's file;
   *     0 if it wrote none
   * @param overrides version of the overrides that this stage wrote; empty if it wrote none
   * @param thawed whether this stage continued the frozen gateway
   * @param sandbox the sandbox that this stage created; empty if it created none, or if a node of
   *     an older version ran it
   */
  record Finished(
      StageRecord done,
      Optional<String> endpoint,
      int configVersion,
      String overrides,
      boolean thawed,
      Optional<SandboxRef> sandbox,
      Instant at) {
    InstanceEvent.StageFinished event(int attempt) {
      return new InstanceEvent.StageFinished(
          attempt, done, endpoint, configVersion, overrides, thawed, sandbox, at);
    }
  }

  /** Reports that a stage or a stop failed finally. {@code stage} is empty for a stop. */
  record EffectFailed(
      int attempt,
      Optional<Stage> stage,
      Instant startedAt,
      String reason,
      String message,
      Instant now)
      implements Report {}

  /** Reports that the gateway stopped; {@code boot} as in {@link Sleep#boot}. */
  record GatewayStopped(int attempt, SleepLevel level, int boot, SleepMemory memory, Instant now)
      implements Report {}

  /** Reports the level that a sleeping gateway reached, which may be less deep than requested. */
  record SleepReached(int attempt, SleepLevel level, SleepMemory memory, Instant now)
      implements Report {}

  /** Reports that the gateway that was lost in this attempt may be started again now. */
  record StartDue(int attempt, Instant now) implements Report {}

  /**
   * Reports the outcome of a configuration change in the running gateway.
   *
   * @param overrides version of the overrides in the configuration; empty if there are none
   * @param taken outcome of the overrides
   * @param note why a part was not applied; empty if everything was
   */
  record ConfigApplied(
      int attempt, int configVersion, String overrides, Taken taken, String note, Instant now)
      implements Report {
    InstanceEvent event() {
      return new InstanceEvent.ConfigApplied(
          attempt,
          configVersion,
          taken == Taken.PENDING ? "" : overrides,
          taken == Taken.REFUSED,
          note,
          now);
    }
  }

  /** Reports that the token of this rotation is now the only valid one. */
  record TokenRotated(int attempt, int rotation, Instant now) implements Report {}

  record SlotReleased(Instant now) implements Report {}

  /** Discards a pool member that was not claimed. Does nothing to other instances. */
  record Discard(Instant now) implements Report {}

  /** Reports that the home volume of a discarded pool member shows that it was claimed. */
  record ClaimFound(int attempt, Instant now) implements Report {}

  /** Reports that this attempt has removed everything in this scope. */
  record Removed(int attempt, InstanceEffect.Scope scope, Instant now) implements Report {}

  /**
   * Reports the observed state of the sandbox while the instance was in {@code attempt}.
   *
   * @param policy limit for restarts of a crashed gateway
   */
  record Observed(int attempt, ObservedState observed, RestartPolicy policy, Instant now)
      implements Report {}

  /** Allows at most {@code restarts} restarts of a crashed gateway within a window. */
  record RestartPolicy(int restarts, Duration window) {}

  /** The state of a sandbox as the host shows it. */
  @JsonTypeInfo(use = JsonTypeInfo.Id.NAME)
  @JsonSubTypes({
    @JsonSubTypes.Type(value = ObservedState.Nothing.class, name = "nothing"),
    @JsonSubTypes.Type(value = ObservedState.HomeOnly.class, name = "home-only"),
    @JsonSubTypes.Type(value = ObservedState.Up.class, name = "up"),
    @JsonSubTypes.Type(value = ObservedState.Down.class, name = "down"),
    @JsonSubTypes.Type(value = ObservedState.Frozen.class, name = "frozen"),
    @JsonSubTypes.Type(value = ObservedState.DiskFull.class, name = "disk-full"),
    @JsonSubTypes.Type(value = ObservedState.OtherHome.class, name = "other-home"),
    @JsonSubTypes.Type(value = ObservedState.OtherHost.class, name = "other-host"),
    @JsonSubTypes.Type(value = ObservedState.LaterUp.class, name = "later-up")
  })
  sealed interface ObservedState {
    /** The sandbox has neither a home volume nor a process. */
    record Nothing() implements ObservedState {}

    /** The sandbox has a home volume and no process. */
    record HomeOnly() implements ObservedState {}

    /** The gateway's process runs. */
    record Up(String endpoint) implements ObservedState {}

    /**
     * The gateway's process does not run. {@code byItself} is true unless the engine, the host or a
     * SIGTERM ended it.
     */
    record Down(String reason, String message, boolean byItself) implements ObservedState {}

    /** The gateway's process is frozen. */
    record Frozen() implements ObservedState {}

    /** The home volume exceeds its size limit. */
    record DiskFull(String message) implements ObservedState {}

    /**
     * The host has another home volume than the journal names.
     *
     * @param runs whether a gateway's process runs in this volume
     */
    record OtherHome(int generation, boolean runs) implements ObservedState {}

    /** The sandbox is on another host than that of the node. The message names the remedy. */
    record OtherHost(String message) implements ObservedState {}

    /** A gateway runs whose attempt is later than the one in the journal. */
    record LaterUp(int attempt, int generation, String endpoint) implements ObservedState {}
  }
}
