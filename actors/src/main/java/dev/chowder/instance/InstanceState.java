package dev.chowder.instance;

import java.time.Instant;
import java.util.ArrayList;
import java.util.List;

/** The state of an instance. Each phase is a record that holds only this phase's data. */
public sealed interface InstanceState {
  /** The instance was not created. */
  record Absent() implements InstanceState {}

  /** The instance can never be created, since its slot was released or is being released. */
  record Tombstone(String organizationId, boolean slotHeld) implements InstanceState {}

  /**
   * The phases of an instance that was created. {@code attempt} counts the runs of its gateway and
   * grows with each start.
   */
  sealed interface Existing extends InstanceState {
    Profile profile();

    int attempt();

    /** The finished stages of the last provisioning or start. */
    List<StageRecord> stages();

    /** Returns this phase with another profile. */
    Existing with(Profile profile);
  }

  /** The phases that advance through stages. */
  sealed interface InProgress extends Existing {
    Progress progress();

    @Override
    default List<StageRecord> stages() {
      return progress().done();
    }
  }

  /**
   * The phases of an instance whose gateway never runs again unless a failed instance is recovered.
   * {@code cleanupPending} is true while parts of its sandbox must still be removed.
   */
  sealed interface Ended extends Existing {
    boolean slotHeld();

    boolean cleanupPending();

    /** Returns this phase with or without a slot. A failed instance counts each release. */
    Ended withSlot(boolean held);

    Ended withCleanupPending(boolean any);

    @Override
    default List<StageRecord> stages() {
      return List.of();
    }

    private InstanceEffect ending() {
      if (slotHeld()) return new InstanceEffect.ReleaseSlot(profile().organizationId());
      if (!cleanupPending()) return new InstanceEffect.None();
      var scope =
          switch (this) {
            case Discarded _ -> InstanceEffect.Scope.MEMBER;
            case Errored e when e.homeKept() -> InstanceEffect.Scope.PROCESSES;
            case Errored _ -> InstanceEffect.Scope.SANDBOX;
            case Deleted _ -> InstanceEffect.Scope.EVERYTHING;
          };
      return new InstanceEffect.Remove(
          profile().organizationId(), scope, attempt(), profile().homes());
    }
  }

  /**
   * The sandbox is being created. {@code claimed} is true while the gateway of a claimed pool
   * member runs, so that it need not be booted.
   */
  record Provisioning(Profile profile, int attempt, Progress progress, boolean claimed)
      implements InProgress {
    @Override
    public Provisioning with(Profile p) {
      return new Provisioning(p, attempt, progress, claimed);
    }

    /** Returns whether a create claimed this instance from the pool, also if it is booted again. */
    boolean wasClaimed() {
      return !progress.done().isEmpty()
          && progress.done().getFirst().stage() == Stage.CREATE_SANDBOX
          && progress.done().getFirst().outcome() == StageRecord.Outcome.PREPARED;
    }

    /** Returns the gateway that the stage {@code start_gateway} continues with, if any. */
    Sleep continued() {
      return claimed
          ? Sleep.at(SleepLevel.FROZEN, attempt - 1, progress.since(), SleepMemory.NONE)
          : Sleep.OFF;
    }
  }

  /**
   * The phases of a pool member: an instance that was created ahead of need, and that callers find
   * only after a create has claimed it. It holds no slot.
   */
  sealed interface Member extends Existing {
    PoolSetup setup();
  }

  /** A pool member is being provisioned. */
  record Warming(Profile profile, int attempt, PoolSetup setup, Progress progress)
      implements Member, InProgress {
    @Override
    public Warming with(Profile p) {
      return new Warming(p, attempt, setup, progress);
    }
  }

  /** The gateway of a pool member runs and can be claimed. */
  record Pooled(
      Profile profile,
      int attempt,
      PoolSetup setup,
      String endpoint,
      List<StageRecord> stages,
      Instant since)
      implements Member {
    @Override
    public Pooled with(Profile p) {
      return new Pooled(p, attempt, setup, endpoint, stages, since);
    }
  }

  /** A pool member that failed for a reason, or was discarded, can never be claimed. */
  record Discarded(
      Profile profile,
      int attempt,
      PoolSetup setup,
      boolean slotHeld,
      String reason,
      boolean cleanupPending)
      implements Member, Ended {
    @Override
    public Discarded with(Profile p) {
      return new Discarded(p, attempt, setup, slotHeld, reason, cleanupPending);
    }

    @Override
    public Discarded withSlot(boolean held) {
      return new Discarded(profile, attempt, setup, held, reason, cleanupPending);
    }

    @Override
    public Discarded withCleanupPending(boolean any) {
      return new Discarded(profile, attempt, setup, slotHeld, reason, any);
    }
  }

  record Running(
      Profile profile,
      int attempt,
      String endpoint,
      List<StageRecord> stages,
      ServedBy servedBy,
      Restarts restarts)
      implements Existing {
    @Override
    public Running with(Profile p) {
      return new Running(p, attempt, endpoint, stages, servedBy, restarts);
    }

    /** Returns this phase with the gateway of a later attempt than the journal knew. */
    Running foundAs(int laterAttempt, String newEndpoint, Profile p) {
      return new Running(p, laterAttempt, newEndpoint, stages, servedBy, restarts);
    }

    Running movedTo(String newEndpoint) {
      return new Running(profile, attempt, newEndpoint, stages, servedBy, restarts);
    }
  }

  /** The gateway is being stopped. {@code ends} is true if no process may stay frozen. */
  record Stopping(
      Profile profile,
      int attempt,
      String endpoint,
      List<StageRecord> stages,
      boolean ends,
      Instant since)
      implements Existing {
    @Override
    public Stopping with(Profile p) {
      return new Stopping(p, attempt, endpoint, stages, ends, since);
    }

    Stopping ending(Instant at) {
      return new Stopping(profile.at(at), attempt, endpoint, stages, true, since);
    }
  }

  /** The gateway is being stopped and will be started again at once. */
  record Restarting(Profile profile, int attempt, List<StageRecord> stages, Instant since)
      implements Existing {
    @Override
    public Restarting with(Profile p) {
      return new Restarting(p, attempt, stages, since);
    }
  }

  record Stopped(Profile profile, int attempt, List<StageRecord> stages, Sleep sleep)
      implements Existing {
    @Override
    public Stopped with(Profile p) {
      return new Stopped(p, attempt, stages, sleep);
    }

    Stopped with(Sleep s) {
      return new Stopped(profile, attempt, stages, s);
    }
  }

  /**
   * The gateway was lost and will be started again when the back-off is over and the host has
   * enough memory.
   *
   * @param attempt the attempt whose gateway was lost
   * @param cause the cause, as text for users
   * @param backsOff whether the engine or the host ended the gateway, so that the start waits for
   *     the back-off
   * @param restarts the restarts, including this one
   */
  record Waiting(
      Profile profile,
      int attempt,
      List<StageRecord> stages,
      String cause,
      boolean backsOff,
      Restarts restarts,
      Instant since)
      implements Existing {
    @Override
    public Waiting with(Profile p) {
      return new Waiting(p, attempt, stages, cause, backsOff, restarts, since);
    }
  }

  /**
   * The gateway is being started. {@code restarts} includes this start; empty if a caller requested
   * it. {@code sleep} tells which processes can be thawed; {@link SleepLevel#OFF} once the gateway
   * was booted instead.
   */
  record Starting(Profile profile, int attempt, Progress progress, Restarts restarts, Sleep sleep)
      implements InProgress {
    @Override
    public Starting with(Profile p) {
      return new Starting(p, attempt, progress, restarts, sleep);
    }
  }

  /**
   * The instance failed. {@code homeKept} is true if an agent ran in its home volume, which is then
   * kept until the instance is deleted. {@code cleanupPending} is true while its processes, and the
   * volume unless it is kept, must still be removed. {@code slotReturns} counts the slots that were
   * released since the failure.
   */
  record Errored(
      Profile profile,
      int attempt,
      String reason,
      String message,
      List<StageRecord> stages,
      boolean homeKept,
      boolean slotHeld,
      int slotReturns,
      boolean cleanupPending)
      implements Ended {
    @Override
    public Errored with(Profile p) {
      return with(p, slotHeld, slotReturns, cleanupPending);
    }

    @Override
    public Errored withSlot(boolean held) {
      return with(profile, held, held ? slotReturns : slotReturns + 1, cleanupPending);
    }

    @Override
    public Errored withCleanupPending(boolean any) {
      return with(profile, slotHeld, slotReturns, any);
    }

    private Errored with(Profile p, boolean held, int returns, boolean cleanup) {
      return new Errored(p, attempt, reason, message, stages, homeKept, held, returns, cleanup);
    }
  }

  /**
   * The instance was deleted. {@code requestId} is the request that deleted it; empty if an older
   * version did.
   */
  record Deleted(
      Profile profile, int attempt, boolean slotHeld, boolean cleanupPending, String requestId)
      implements Ended {
    @Override
    public Deleted with(Profile p) {
      return new Deleted(p, attempt, slotHeld, cleanupPending, requestId);
    }

    @Override
    public Deleted withSlot(boolean held) {
      return new Deleted(profile, attempt, held, cleanupPending, requestId);
    }

    @Override
    public Deleted withCleanupPending(boolean any) {
      return new Deleted(profile, attempt, slotHeld, any, requestId);
    }
  }

  /**
   * The progress of a provisioning or a start through its stages.
   *
   * @param since the earliest start of the current stage
   */
  record Progress(List<Stage> plan, List<StageRecord> done, Instant since) {
    static Progress begin(List<Stage> plan, Instant now) {
      return new Progress(plan, List.of(), now);
    }

    Stage current() {
      return plan.get(done.size());
    }

    List<Stage> left() {
      return plan.subList(done.size(), plan.size());
    }

    boolean isLast() {
      return done.size() == plan.size() - 1;
    }

    Progress with(StageRecord finished, Instant now) {
      return new Progress(plan, append(done, finished), now);
    }
  }

  static List<StageRecord> append(List<StageRecord> records, StageRecord one) {
    var all = new ArrayList<>(records);
    all.add(one);
    return List.copyOf(all);
  }

  /** Returns the work outside the actor that this state waits for. */
  default InstanceEffect pendingEffect() {
    return switch (this) {
      case Absent _, Pooled _ -> new InstanceEffect.None();
      case Stopped s -> {
        var sleep = s.sleep();
        // A thawed process would keep the previous token, so a rotation needs level OFF.
        boolean rotates = s.profile().token().isPending() && sleep.holdsProcesses();
        yield rotates || sleep.isDeepening()
            ? new InstanceEffect.Deepen(
                s.profile().organizationId(),
                s.attempt(),
                rotates ? SleepLevel.OFF : sleep.wanted())
            : InstanceEffect.RotateToken.or(
                s.attempt(), "", s.profile(), new InstanceEffect.None());
      }
      case Tombstone(var organizationId, var slotHeld) ->
          slotHeld ? new InstanceEffect.ReleaseSlot(organizationId) : new InstanceEffect.None();
      case Provisioning p ->
          InstanceEffect.RunStages.of(p.progress(), p.attempt(), p.profile(), p.continued());
      case Warming w ->
          InstanceEffect.RunStages.of(w.progress(), w.attempt(), w.profile(), Sleep.OFF);
      case Starting(var profile, var attempt, var progress, _, var sleep) ->
          InstanceEffect.RunStages.of(progress, attempt, profile, sleep);
      // While it is unknown which token is valid, no configuration can be applied.
      case Running r ->
          InstanceEffect.RotateToken.or(
              r.attempt(),
              r.endpoint(),
              r.profile(),
              r.profile().configPending()
                  ? new InstanceEffect.ApplyConfig(
                      r.profile().organizationId(),
                      r.attempt(),
                      r.endpoint(),
                      WantedConfig.of(r.profile(), false))
                  : new InstanceEffect.None());
      case Waiting w ->
          new InstanceEffect.AwaitStart(
              w.profile().organizationId(),
              w.attempt(),
              w.backsOff() ? w.restarts().engineLosses() : List.of(),
              w.since());
      case Stopping s -> InstanceEffect.StopGateway.of(s, !s.ends());
      case Restarting s -> InstanceEffect.StopGateway.of(s, false);
      case Ended e -> e.ending();
    };
  }
}
