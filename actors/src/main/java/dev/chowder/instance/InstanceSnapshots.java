package dev.chowder.instance;

import static dev.chowder.actor.ProtoTime.instant;
import static dev.chowder.actor.ProtoTime.stamp;
import static dev.chowder.base.ErrorText.must;
import static dev.chowder.instance.ProfileSnapshots.profile;

import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.Timestamp;
import dev.chowder.actor.SnapshotSerializer;
import dev.chowder.instance.InstanceState.Absent;
import dev.chowder.instance.InstanceState.Deleted;
import dev.chowder.instance.InstanceState.Discarded;
import dev.chowder.instance.InstanceState.Errored;
import dev.chowder.instance.InstanceState.Existing;
import dev.chowder.instance.InstanceState.Pooled;
import dev.chowder.instance.InstanceState.Progress;
import dev.chowder.instance.InstanceState.Provisioning;
import dev.chowder.instance.InstanceState.Restarting;
import dev.chowder.instance.InstanceState.Running;
import dev.chowder.instance.InstanceState.Starting;
import dev.chowder.instance.InstanceState.Stopped;
import dev.chowder.instance.InstanceState.Stopping;
import dev.chowder.instance.InstanceState.Tombstone;
import dev.chowder.instance.InstanceState.Waiting;
import dev.chowder.instance.InstanceState.Warming;
import dev.chowder.journal.v1.InstanceAbsentPhase;
import dev.chowder.journal.v1.InstanceDeletedPhase;
import dev.chowder.journal.v1.InstanceDiscardedPhase;
import dev.chowder.journal.v1.InstanceErroredPhase;
import dev.chowder.journal.v1.InstanceForbiddenPhase;
import dev.chowder.journal.v1.InstancePooledPhase;
import dev.chowder.journal.v1.InstanceProgress;
import dev.chowder.journal.v1.InstanceProvisioningPhase;
import dev.chowder.journal.v1.InstanceRestartingPhase;
import dev.chowder.journal.v1.InstanceRestarts;
import dev.chowder.journal.v1.InstanceRunningPhase;
import dev.chowder.journal.v1.InstanceSleep;
import dev.chowder.journal.v1.InstanceSnapshot;
import dev.chowder.journal.v1.InstanceStageRecord;
import dev.chowder.journal.v1.InstanceStartingPhase;
import dev.chowder.journal.v1.InstanceStoppedPhase;
import dev.chowder.journal.v1.InstanceStoppingPhase;
import dev.chowder.journal.v1.InstanceWaitingPhase;
import dev.chowder.journal.v1.InstanceWarmingPhase;
import java.time.Instant;
import java.util.List;
import java.util.Locale;

/** Stores the states of instances as snapshots. */
public final class InstanceSnapshots extends SnapshotSerializer<InstanceState> {
  private static final int IDENTIFIER = 7301;

  public InstanceSnapshots() {
    super(IDENTIFIER, InstanceState.class);
  }

  @Override
  protected InstanceSnapshot stored(InstanceState state) {
    return write(state);
  }

  @Override
  protected InstanceState state(byte[] stored) throws InvalidProtocolBufferException {
    return read(InstanceSnapshot.parseFrom(stored));
  }

  static InstanceSnapshot write(InstanceState state) {
    var stored = InstanceSnapshot.newBuilder();
    if (state instanceof Existing existing) {
      stored.setProfile(profile(existing.profile())).setAttempt(existing.attempt());
    }
    switch (state) {
      case Absent() -> stored.setAbsent(InstanceAbsentPhase.getDefaultInstance());
      case Tombstone(var organizationId, var slotHeld) ->
          stored.setForbidden(
              InstanceForbiddenPhase.newBuilder()
                  .setOrganizationId(organizationId)
                  .setSlotHeld(slotHeld));
      case Provisioning s ->
          stored.setProvisioning(
              InstanceProvisioningPhase.newBuilder()
                  .setProgress(progress(s.progress()))
                  .setClaimed(s.claimed()));
      case Warming s ->
          stored.setWarming(
              InstanceWarmingPhase.newBuilder()
                  .setSetup(InstanceJournal.setup(s.setup()))
                  .setProgress(progress(s.progress())));
      case Pooled s ->
          stored.setPooled(
              InstancePooledPhase.newBuilder()
                  .setSetup(InstanceJournal.setup(s.setup()))
                  .setEndpoint(s.endpoint())
                  .addAllStages(stages(s.stages()))
                  .setSince(stamp(s.since())));
      case Discarded s ->
          stored.setDiscarded(
              InstanceDiscardedPhase.newBuilder()
                  .setSetup(InstanceJournal.setup(s.setup()))
                  .setSlotHeld(s.slotHeld())
                  .setLeftovers(s.cleanupPending()));
      case Running s ->
          stored.setRunning(
              InstanceRunningPhase.newBuilder()
                  .setEndpoint(s.endpoint())
                  .addAllStages(stages(s.stages()))
                  .setProvisioned(s.servedBy() == ServedBy.COLD)
                  .setServedBy(s.servedBy().label())
                  .setRestarts(restarts(s.restarts())));
      case Stopping s ->
          stored.setStopping(
              InstanceStoppingPhase.newBuilder()
                  .setEndpoint(s.endpoint())
                  .addAllStages(stages(s.stages()))
                  .setEnds(s.ends())
                  .setSince(stamp(s.since())));
      case Restarting s ->
          stored.setRestarting(
              InstanceRestartingPhase.newBuilder()
                  .addAllStages(stages(s.stages()))
                  .setSince(stamp(s.since())));
      case Waiting s ->
          stored.setWaiting(
              InstanceWaitingPhase.newBuilder()
                  .addAllStages(stages(s.stages()))
                  .setCause(s.cause())
                  .setBacksOff(s.backsOff())
                  .setRestarts(restarts(s.restarts()))
                  .setSince(stamp(s.since())));
      case Stopped s -> stored.setStopped(stopped(s));
      case Starting s -> stored.setStarting(starting(s));
      case Errored s ->
          stored.setErrored(
              InstanceErroredPhase.newBuilder()
                  .setReason(s.reason())
                  .setMessage(s.message())
                  .addAllStages(stages(s.stages()))
                  .setHomeKept(s.homeKept())
                  .setSlotHeld(s.slotHeld())
                  .setSlotReturns(s.slotReturns())
                  .setLeftovers(s.cleanupPending()));
      case Deleted s ->
          stored.setDeleted(
              InstanceDeletedPhase.newBuilder()
                  .setSlotHeld(s.slotHeld())
                  .setLeftovers(s.cleanupPending())
                  .setRequestId(s.requestId()));
    }
    return stored.build();
  }

  static InstanceState read(InstanceSnapshot stored) {
    int attempt = stored.getAttempt();
    return switch (stored.getPhaseCase()) {
      case ABSENT -> new Absent();
      case FORBIDDEN -> {
        var s = stored.getForbidden();
        yield new Tombstone(s.getOrganizationId(), s.getSlotHeld());
      }
      case PROVISIONING ->
          new Provisioning(
              profile(stored),
              attempt,
              progress(stored.getProvisioning().getProgress()),
              stored.getProvisioning().getClaimed());
      case WARMING -> {
        var s = stored.getWarming();
        var profile = profile(stored);
        yield new Warming(
            profile,
            attempt,
            InstanceJournal.setup(profile.model(), s.getSetup()),
            progress(s.getProgress()));
      }
      case POOLED -> {
        var s = stored.getPooled();
        var profile = profile(stored);
        yield new Pooled(
            profile,
            attempt,
            InstanceJournal.setup(profile.model(), s.getSetup()),
            s.getEndpoint(),
            records(s.getStagesList()),
            instant(s.getSince()));
      }
      case DISCARDED -> {
        var s = stored.getDiscarded();
        var profile = profile(stored);
        yield new Discarded(
            profile,
            attempt,
            InstanceJournal.setup(profile.model(), s.getSetup()),
            s.getSlotHeld(),
            s.getLeftovers());
      }
      case RUNNING -> {
        var s = stored.getRunning();
        yield new Running(
            profile(stored),
            attempt,
            s.getEndpoint(),
            records(s.getStagesList()),
            servedBy(s),
            restarts(s.getRestarts()));
      }
      case STOPPING -> {
        var s = stored.getStopping();
        yield new Stopping(
            profile(stored),
            attempt,
            s.getEndpoint(),
            records(s.getStagesList()),
            s.getEnds(),
            instant(s.getSince()));
      }
      case RESTARTING -> {
        var s = stored.getRestarting();
        yield new Restarting(
            profile(stored), attempt, records(s.getStagesList()), instant(s.getSince()));
      }
      case WAITING -> {
        var s = stored.getWaiting();
        yield new Waiting(
            profile(stored),
            attempt,
            records(s.getStagesList()),
            s.getCause(),
            s.getBacksOff(),
            restarts(s.getRestarts()),
            instant(s.getSince()));
      }
      case STOPPED -> {
        var s = stored.getStopped();
        yield new Stopped(
            profile(stored),
            attempt,
            records(s.getStagesList()),
            s.hasSleep() ? sleep(s.getSleep()) : Sleep.OFF);
      }
      case STARTING -> {
        var s = stored.getStarting();
        yield new Starting(
            profile(stored),
            attempt,
            progress(s.getProgress()),
            restarts(s.getRestarts()),
            s.hasSleep() ? sleep(s.getSleep()) : Sleep.OFF);
      }
      case ERRORED -> {
        var s = stored.getErrored();
        yield new Errored(
            profile(stored),
            attempt,
            s.getReason(),
            s.getMessage(),
            records(s.getStagesList()),
            s.getHomeKept(),
            s.getSlotHeld(),
            s.getSlotReturns(),
            s.getLeftovers());
      }
      case DELETED -> {
        var s = stored.getDeleted();
        yield new Deleted(
            profile(stored), attempt, s.getSlotHeld(), s.getLeftovers(), s.getRequestId());
      }
      case PHASE_NOT_SET ->
          throw new IllegalStateException(must("snapshot", "have a phase that this version knows"));
    };
  }

  private static InstanceProgress progress(Progress progress) {
    return InstanceProgress.newBuilder()
        .addAllPlan(progress.plan().stream().map(Stage::label).toList())
        .addAllDone(stages(progress.done()))
        .setSince(stamp(progress.since()))
        .build();
  }

  private static Progress progress(InstanceProgress stored) {
    return new Progress(
        stored.getPlanList().stream().map(Stage::ofLabel).toList(),
        records(stored.getDoneList()),
        instant(stored.getSince()));
  }

  private static List<InstanceStageRecord> stages(List<StageRecord> records) {
    return records.stream()
        .map(
            record ->
                InstanceStageRecord.newBuilder()
                    .setStage(record.stage().label())
                    .setOutcome(record.outcome().name().toLowerCase(Locale.ROOT))
                    .setStartedAt(stamp(record.startedAt()))
                    .setDurationMs(record.durationMs())
                    .setNote(record.note())
                    .build())
        .toList();
  }

  private static List<StageRecord> records(List<InstanceStageRecord> stored) {
    return stored.stream()
        .map(
            one ->
                new StageRecord(
                    Stage.ofLabel(one.getStage()),
                    StageRecord.Outcome.valueOf(one.getOutcome().toUpperCase(Locale.ROOT)),
                    instant(one.getStartedAt()),
                    one.getDurationMs(),
                    one.getNote()))
        .toList();
  }

  private static InstanceRestarts restarts(Restarts restarts) {
    return InstanceRestarts.newBuilder()
        .addAllCrashes(stamps(restarts.crashes()))
        .addAllEngineLosses(stamps(restarts.engineLosses()))
        .build();
  }

  private static Restarts restarts(InstanceRestarts stored) {
    return new Restarts(instants(stored.getCrashesList()), instants(stored.getEngineLossesList()));
  }

  /** Returns how the gateway came to run. Older snapshots know only whether it was provisioned. */
  private static ServedBy servedBy(InstanceRunningPhase stored) {
    if (!stored.getServedBy().isEmpty()) return ServedBy.ofLabel(stored.getServedBy());
    return stored.getProvisioned() ? ServedBy.COLD : ServedBy.BOOT;
  }

  private static InstanceStoppedPhase stopped(Stopped s) {
    var stored = InstanceStoppedPhase.newBuilder().addAllStages(stages(s.stages()));
    return s.sleep().equals(Sleep.OFF) ? stored.build() : stored.setSleep(sleep(s.sleep())).build();
  }

  private static InstanceStartingPhase starting(Starting s) {
    var stored =
        InstanceStartingPhase.newBuilder()
            .setProgress(progress(s.progress()))
            .setRestarts(restarts(s.restarts()));
    return s.sleep().equals(Sleep.OFF) ? stored.build() : stored.setSleep(sleep(s.sleep())).build();
  }

  private static InstanceSleep sleep(Sleep sleep) {
    return InstanceSleep.newBuilder()
        .setLevel(sleep.level().label())
        .setBoot(sleep.boot())
        .setSince(stamp(sleep.since()))
        .setWanted(sleep.wanted().label())
        .setMemory(InstanceJournal.memory(sleep.memory()))
        .build();
  }

  private static Sleep sleep(InstanceSleep stored) {
    return new Sleep(
        SleepLevel.ofLabel(stored.getLevel()),
        stored.getBoot(),
        instant(stored.getSince()),
        SleepLevel.ofLabel(stored.getWanted()),
        InstanceJournal.memory(stored.getMemory()));
  }

  private static List<Timestamp> stamps(List<Instant> times) {
    return times.stream().map(time -> stamp(time)).toList();
  }

  private static List<Instant> instants(List<Timestamp> stored) {
    return stored.stream().map(time -> instant(time)).toList();
  }
}
