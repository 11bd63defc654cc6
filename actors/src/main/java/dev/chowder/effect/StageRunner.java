package dev.chowder.effect;

import dev.chowder.gateway.GatewayWork;
import dev.chowder.gateway.GatewayWork.Outcome;
import dev.chowder.gateway.GatewayWork.StageRun;
import dev.chowder.gateway.GatewayWork.WorkFailure;
import dev.chowder.instance.InstanceCommand;
import dev.chowder.instance.InstanceEffect.RunStages;
import dev.chowder.instance.InstanceId;
import dev.chowder.instance.Stage;
import dev.chowder.instance.StageRecord;
import dev.chowder.sandbox.SandboxException;
import dev.chowder.sleep.SleepFailures;
import dev.chowder.storage.Outage;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.EnumSet;
import java.util.Locale;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Runs the stages of an effect in order, each within its limit. Repeats a stage while the engine or
 * an actor does not answer. A sleeping gateway is woken instead of booted if that is possible.
 */
record StageRunner(
    GatewayWork work,
    EffectSettings settings,
    Clock clock,
    EffectPermits permits,
    Tries tries,
    StageTimers timers,
    SleepFailures sleepFailures) {
  private static final Logger LOG = LoggerFactory.getLogger(StageRunner.class);

  /**
   * Runs the stages in order, without waiting until the journal has their reports: after a crash,
   * each stage can be run again.
   */
  void runStages(EffectRun run, RunStages plan) throws InterruptedException {
    var prepared = EnumSet.noneOf(Stage.class);
    for (var stage : plan.stages()) {
      if (run.isCancelled()) return;
      if (prepared.contains(stage)) {
        finish(run, stageRun(run, stage, plan), clock.instant(), Outcome.prepared());
        continue;
      }
      boolean woke = stage == Stage.START_GATEWAY && plan.sleep().canWake() && wake(run, plan);
      if (run.isCancelled()) return;
      if (woke) continue;
      var outcome = runStage(run, stage, plan);
      if (outcome.isEmpty()) return;
      prepared.addAll(outcome.get().prepares());
    }
  }

  /** Returns the outcome of the stage; empty if it failed. */
  private Optional<Outcome> runStage(EffectRun run, Stage stage, RunStages plan)
      throws InterruptedException {
    var current = new CurrentStage(run, stage, plan);
    try {
      var outcome =
          tries.untilDone(
              run,
              work.startsOpenClaw(stage) ? permits.boots() : permits.general(),
              new StagePolicy(run, stage),
              () -> work.run(run.id(), current.begin()));
      finish(run, current.stageRun(), current.begun(), outcome);
      return Optional.of(outcome);
    } catch (WorkFailure why) {
      fail(run, current.stageRun(), current.begun(), why);
      return Optional.empty();
    }
  }

  /**
   * Continues the sleeping gateway; returns false if it must be booted. A wake does not wait for
   * boots, which take longer.
   */
  private boolean wake(EffectRun run, RunStages plan) throws InterruptedException {
    var current = new CurrentStage(run, Stage.START_GATEWAY, plan);
    Optional<Outcome> outcome;
    try {
      outcome =
          tries.untilDone(
              run, permits.wakes(), new WakePolicy(), () -> work.wake(run.id(), current.begin()));
    } catch (WorkFailure why) {
      LOG.warn(
          "instance={} event=not-woken reason={} message={}", run.id(), why.reason(), why.text());
      sleepFailures.count(SleepFailures.Failure.WAKE_ERROR);
      return false;
    }
    if (run.isCancelled() || outcome.isEmpty()) return false;
    finish(run, current.stageRun(), current.begun(), outcome.get());
    return true;
  }

  /** A stage that is being tried. It begins with its first permit. */
  private final class CurrentStage {
    private final EffectRun run;
    private final Stage stage;
    private final RunStages plan;
    private Optional<Instant> begun = Optional.empty();
    private StageRun latest;

    CurrentStage(EffectRun run, Stage stage, RunStages plan) {
      this.run = run;
      this.stage = stage;
      this.plan = plan;
      this.latest = StageRunner.stageRun(run, stage, plan);
    }

    /** Begins a try, with the configuration as it is pending now. */
    StageRun begin() {
      begun = begun.or(() -> Optional.of(clock.instant()));
      latest = StageRunner.stageRun(run, stage, plan);
      return latest;
    }

    /** Returns the last try. */
    StageRun stageRun() {
      return latest;
    }

    /** Returns when the first try began; now if the work of none began. */
    Instant begun() {
      return begun.orElseGet(clock::instant);
    }
  }

  private static StageRun stageRun(EffectRun run, Stage stage, RunStages plan) {
    return new StageRun(
        stage,
        plan.attempt(),
        plan.organizationId(),
        plan.sandboxImage(),
        plan.model(),
        run.config(plan),
        plan.homes(),
        plan.sleep());
  }

  /** Repeats a stage within its limit, while the engine or an actor does not answer. */
  private final class StagePolicy implements Tries.Policy {
    private final EffectRun run;
    private final Stage stage;
    private final Duration limit;
    private Duration left;
    private Optional<Exception> unreachable = Optional.empty();

    StagePolicy(EffectRun run, Stage stage) {
      this.run = run;
      this.stage = stage;
      this.limit = settings.stageLimit(stage);
      this.left = limit;
    }

    @Override
    public Optional<Duration> deadline() {
      return Optional.of(left);
    }

    @Override
    public WorkFailure afterFailure(Tries.Failed failed, Duration pause)
        throws InterruptedException {
      var why = failed.why();
      if (EffectFailures.isUnreachable(why)) {
        unreachable = Optional.of(why);
      } else if (failed.late()) {
        // The engine that does not respond is the cause, whichever call ran into the deadline.
        why = unreachable.or(() -> whyUnreachable(run.id())).orElse(EffectFailures.overdue(limit));
        if (run.isCancelled()) throw new InterruptedException();
      }
      left = left.minus(failed.took()).minus(pause);
      // Time without the database does not count: no report could be persisted then.
      boolean outage = Outage.isBehind(why);
      if (outage) left = limit;
      var failure = EffectFailures.failure(stage.label(), why);
      if (!outage && (!EffectFailures.isTemporary(why) || left.isNegative())) throw failure;
      return failure;
    }
  }

  /**
   * Repeats a wake. An engine or a database that is unavailable for a while does not end the
   * gateway, and one that is busy for less than the wake limit does not end it either.
   */
  private final class WakePolicy implements Tries.Policy {
    private Duration left = settings.stageLimit(Stage.START_GATEWAY);
    private Duration busyLeft = settings.sleep().wakeTimeout();

    @Override
    public Optional<Duration> deadline() {
      // The wake limit bounds the gateway; a pending configuration may install a plugin.
      return Optional.of(settings.sleep().wakeTimeout().plus(settings.applyTimeout()));
    }

    @Override
    public WorkFailure afterFailure(Tries.Failed failed, Duration pause) {
      var why = failed.why();
      var failure = EffectFailures.failure("wake", why);
      if (Outage.isBehind(why)) return failure;
      var spent = failed.took().plus(pause);
      left = left.minus(spent);
      boolean busy = EffectFailures.isBusy(why);
      if (busy) busyLeft = busyLeft.minus(spent);
      boolean again = busy ? !busyLeft.isNegative() : EffectFailures.isTemporary(why);
      if (!again || left.isNegative()) throw failure;
      return failure;
    }
  }

  private void finish(EffectRun run, StageRun stageRun, Instant begun, Outcome outcome) {
    var now = clock.instant();
    record(
        stageRun,
        outcome.thawed() ? "wake" : kind(run),
        outcome.outcome().name().toLowerCase(Locale.ROOT),
        begun);
    run.reports()
        .add(
            new InstanceCommand.Finished(
                new StageRecord(
                    stageRun.stage(),
                    outcome.outcome(),
                    begun,
                    (int) Duration.between(begun, now).toMillis(),
                    outcome.note()),
                outcome.endpoint(),
                outcome.config().version(),
                outcome.config().overrides(),
                outcome.thawed(),
                outcome.sandbox(),
                now));
  }

  /** Returns why the engine cannot be queried about this sandbox; empty if it can. */
  private Optional<Exception> whyUnreachable(InstanceId id) {
    try {
      work.checkEngine(id);
    } catch (SandboxException why) {
      return EffectFailures.isUnreachable(why) ? Optional.of(why) : Optional.empty();
    }
    return Optional.empty();
  }

  private void fail(EffectRun run, StageRun stageRun, Instant begun, WorkFailure why) {
    record(stageRun, kind(run), "failed", begun);
    // The stages before it are reported first.
    run.reports().send();
    run.send(
        new InstanceCommand.EffectFailed(
            stageRun.attempt(),
            Optional.of(stageRun.stage()),
            begun,
            why.reason(),
            why.text(),
            clock.instant()));
  }

  private void record(StageRun stageRun, String kind, String outcome, Instant begun) {
    timers.record(stageRun.stage(), kind, outcome, Duration.between(begun, clock.instant()));
  }

  private static String kind(EffectRun run) {
    return run.effect() instanceof RunStages plan
        ? plan.purpose().name().toLowerCase(Locale.ROOT)
        : "";
  }
}
