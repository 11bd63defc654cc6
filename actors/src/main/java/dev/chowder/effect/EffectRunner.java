package dev.chowder.effect;

import dev.chowder.effect.GatewayWork.Step;
import dev.chowder.effect.GatewayWork.WorkFailure;
import dev.chowder.instance.ConfigValues;
import dev.chowder.instance.InstanceCommand;
import dev.chowder.instance.InstanceEffect;
import dev.chowder.instance.InstanceEffect.RunStages;
import dev.chowder.instance.InstanceEffects;
import dev.chowder.instance.InstanceId;
import dev.chowder.instance.Stage;
import dev.chowder.instance.StageRecord;
import dev.chowder.sandbox.SandboxException;
import dev.chowder.storage.Outage;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Timer;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Runs effects on virtual threads: one at a time per instance, each try within its deadline. A try
 * needs a permit: at most {@link EffectSettings#maxConcurrent} run at once on this node, and of
 * stages that start OpenClaw at most {@link EffectSettings#maxConcurrentBoots}. Organizations get
 * both in turn. An effect that must succeed in the end (a slot, a removal) is tried until it
 * succeeds or is no longer pending; between two tries it holds no permit. Time in the queue counts
 * against no limit.
 */
public final class EffectRunner implements InstanceEffects, AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(EffectRunner.class);

  /** From writing a file to what a stage may take at most. */
  private static final Duration[] STAGE_BUCKETS = {
    Duration.ofMillis(10),
    Duration.ofMillis(30),
    Duration.ofMillis(100),
    Duration.ofMillis(300),
    Duration.ofSeconds(1),
    Duration.ofSeconds(3),
    Duration.ofSeconds(5),
    Duration.ofSeconds(10),
    Duration.ofSeconds(15),
    Duration.ofSeconds(20),
    Duration.ofSeconds(30),
    Duration.ofSeconds(60),
    Duration.ofSeconds(120),
    Duration.ofSeconds(300)
  };

  private final GatewayWork work;
  private final EffectSettings settings;
  private final Clock clock;
  private final MeterRegistry metrics;
  private final FairSemaphore general;
  private final FairSemaphore boots;
  private final StartSpacing starts;
  private final Map<InstanceId, Run> runs = new ConcurrentHashMap<>();
  private volatile boolean closed;
  private final ScheduledExecutorService timer =
      Executors.newSingleThreadScheduledExecutor(
          Thread.ofPlatform().daemon().name("effect-deadlines").factory());

  public EffectRunner(
      GatewayWork work, EffectSettings settings, Clock clock, MeterRegistry metrics) {
    this.work = work;
    this.settings = settings;
    this.clock = clock;
    this.metrics = metrics;
    this.general = new FairSemaphore(settings.maxConcurrent());
    this.boots = new FairSemaphore(settings.maxConcurrentBoots());
    this.starts = new StartSpacing(settings.restarts().spacing(), System::nanoTime);
    metrics.gauge("chowder.effects.waiting", this, EffectRunner::waiting);
    metrics.gauge("chowder.effects.running", this, EffectRunner::running);
  }

  @Override
  public void dispatch(
      InstanceId id, InstanceEffect effect, Consumer<InstanceCommand.Report> report) {
    runs.compute(
        id,
        (_, current) -> {
          if (closed) return current;
          if (current != null && current.isAlreadyRunning(effect)) return current;
          if (current != null) current.cancel();
          // It leaves by itself when it has ended; until then the next one must know of it.
          if (effect instanceof InstanceEffect.None) {
            return current == null || current.ended ? null : current;
          }
          var run = new Run(id, effect, report, current);
          run.start();
          return run;
        });
  }

  @Override
  public Duration underWay(InstanceId id) {
    var run = runs.get(id);
    return run == null ? Duration.ZERO : run.underWay();
  }

  /** Returns how many effects wait for a permit. */
  public int waiting() {
    return general.waiting() + boots.waiting();
  }

  /** Returns how many agents boot on this node, or wait for a permit to boot. */
  public int booting() {
    return boots.waiting() + boots.taken();
  }

  private int running() {
    return general.taken() + boots.taken();
  }

  /**
   * Gives everything up and takes nothing further: what was owed is owed still, and asked for again
   * at another node or after the next start.
   */
  @Override
  public void close() {
    closed = true;
    runs.values().forEach(Run::cancel);
    timer.shutdownNow();
    var until = clock.instant().plus(settings.cancelWait());
    for (var run : runs.values()) {
      try {
        run.awaitEnd(Duration.between(clock.instant(), until));
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        return;
      }
    }
  }

  private final class Run {
    private final InstanceId id;
    private final InstanceEffect effect;
    private final Consumer<InstanceCommand.Report> report;
    private final Thread thread;
    private @Nullable Run previous;
    private final Optional<StageReports> stageReports;
    private volatile boolean givenUp;
    private volatile long givenUpNanos;

    /** When the try that runs now got its permit, by {@link System#nanoTime}; empty while none. */
    private volatile OptionalLong permitSince = OptionalLong.empty();

    /** No thread of it does anything any more. */
    private volatile boolean ended;

    /** What was owed last: it may have changed on the way. */
    private volatile InstanceEffect latest;

    Run(
        InstanceId id,
        InstanceEffect effect,
        Consumer<InstanceCommand.Report> report,
        @Nullable Run previous) {
      this.id = id;
      this.effect = effect;
      this.report = report;
      this.previous = previous;
      this.latest = effect;
      this.stageReports =
          effect instanceof RunStages plan
              ? Optional.of(
                  new StageReports(
                      plan.attempt(),
                      plan.stages().size(),
                      settings.reportWithin(),
                      timer,
                      this::tell))
              : Optional.empty();
      this.thread = Thread.ofVirtual().name("effect-" + id).unstarted(this::run);
    }

    void start() {
      thread.start();
    }

    /** Whether what is owed is what it does; if that was owed before, reports may be lost. */
    boolean isAlreadyRunning(InstanceEffect pendingEffect) {
      if (givenUp) return false;
      if (!(effect instanceof RunStages plan) || stageReports.isEmpty())
        return effect.equals(pendingEffect);
      if (!(pendingEffect instanceof RunStages left) || !left.isSamePlanAs(plan)) return false;
      int done = plan.stages().size() - left.stages().size();
      // It works ahead of the instance, never behind it.
      if (done < 0 || done > stageReports.get().done()) return false;
      if (left.equals(latest)) stageReports.get().tellAgainFrom(done);
      latest = left;
      return true;
    }

    void cancel() {
      if (!givenUp) givenUpNanos = System.nanoTime();
      givenUp = true;
      thread.interrupt();
    }

    void awaitEnd(Duration limit) throws InterruptedException {
      if (limit.isPositive()) thread.join(limit);
    }

    /**
     * Waits for the previous run, and so for all before it, since that one waits, too. A run that
     * is cancelled meanwhile still waits, because later runs wait for its predecessors only through
     * it.
     */
    private void awaitPredecessor() {
      var before = previous;
      previous = null;
      if (before == null || before.hasEndedWithin(settings.cancelWait())) return;
      LOG.warn("instance={} effect={} still busy after it was cancelled", id, before.name());
    }

    /** Waits at most until {@code limit} after it was cancelled, also while interrupted. */
    private boolean hasEndedWithin(Duration limit) {
      while (thread.isAlive()) {
        long left = limit.toNanos() - (System.nanoTime() - givenUpNanos);
        if (left <= 0) return false;
        try {
          awaitEnd(Duration.ofNanos(left));
        } catch (InterruptedException cancelled) {
          // The waiting run sees that it was cancelled when the wait is over.
        }
      }
      return true;
    }

    private void run() {
      try {
        awaitPredecessor();
        if (givenUp) return;
        perform();
      } catch (InterruptedException e) {
        if (!givenUp) LOG.warn("instance={} effect={} interrupted", id, name());
      } catch (RuntimeException e) {
        LOG.error("instance={} effect={} failed by a bug", id, name(), e);
      } finally {
        runs.computeIfPresent(id, (_, run) -> run == this ? afterEnd() : run);
      }
    }

    /**
     * Stages that are done stay known until the instance owes something else: an instance that has
     * not been told yet may say what it knows, and a stage that is taken again after those behind
     * it would undo them.
     */
    private @Nullable Run afterEnd() {
      ended = true;
      boolean allDone = stageReports.map(StageReports::isComplete).orElse(false);
      return allDone && !givenUp ? this : null;
    }

    private void perform() throws InterruptedException {
      switch (effect) {
        case InstanceEffect.None _ -> {}
        case RunStages plan -> runStages(plan);
        case InstanceEffect.AwaitStart wait -> awaitStart(wait);
        case InstanceEffect.StopGateway stop -> stop(stop);
        case InstanceEffect.ApplyConfig apply -> applyConfig(apply);
        case InstanceEffect.RotateToken rotate -> rotateToken(rotate);
        case InstanceEffect.ReleaseSlot(var organizationId) -> {
          untilDone(
              () -> {
                work.releaseSlot(id, organizationId);
                return "";
              },
              Optional.empty());
          tell(new InstanceCommand.SlotReleased(clock.instant()));
        }
        case InstanceEffect.Remove remove -> {
          untilDone(
              () -> {
                work.remove(id, remove);
                return "";
              },
              Optional.empty());
          tell(new InstanceCommand.Removed(remove.attempt(), remove.scope(), clock.instant()));
        }
      }
    }

    /**
     * Holds no permit: it may wait for minutes, or for memory until another gateway stops. A clock
     * that is set back does not make the wait longer.
     */
    private void awaitStart(InstanceEffect.AwaitStart wait) throws InterruptedException {
      var restarts = settings.restarts();
      var delay = restarts.delay(wait.engineLosses());
      var left = Duration.between(clock.instant(), wait.since().plus(delay));
      if (left.isPositive()) Thread.sleep(left.compareTo(delay) < 0 ? left : delay);
      if (!wait.engineLosses().isEmpty()) Thread.sleep(starts.untilNext());
      boolean admitted = work.admitStart(id, wait.attempt());
      if (!admitted) LOG.info("instance={} event=start-waits for memory on the host", id);
      while (!admitted) {
        Thread.sleep(restarts.memoryRetry());
        admitted = work.admitStart(id, wait.attempt());
      }
      tell(new InstanceCommand.StartDue(wait.attempt(), clock.instant()));
    }

    /**
     * One after another without waiting for the journal, which may be behind: each stage can be
     * taken again.
     */
    private void runStages(RunStages plan) throws InterruptedException {
      for (var stage : plan.stages()) {
        if (givenUp || !runStage(stage, plan)) return;
      }
    }

    /**
     * Returns the effect as it is pending now: the overrides may have changed before this stage.
     */
    private Step step(Stage stage, RunStages plan) {
      var config = latest instanceof RunStages left ? left.config() : plan.config();
      return new Step(
          stage, plan.attempt(), plan.organizationId(), plan.model(), config, plan.homes());
    }

    /** Whether it went well. */
    private boolean runStage(Stage stage, RunStages plan) throws InterruptedException {
      var permits = startsOpenClaw(stage) ? boots : general;
      var limit = settings.stageLimits().getOrDefault(stage, settings.stopLimit());
      var left = limit;
      var pause = settings.retryMin();
      var begun = Optional.<Instant>empty();
      var unreachable = Optional.<Exception>empty();
      while (true) {
        Step step;
        StageTry tried;
        acquire(permits);
        try {
          begun = begun.or(() -> Optional.of(clock.instant()));
          step = step(stage, plan);
          tried = tryOnce(step, left);
        } finally {
          release(permits);
        }
        if (tried.outcome().isPresent()) {
          finish(step, begun.get(), tried.outcome().get());
          return true;
        }
        if (givenUp) return false;
        var why = tried.failure().orElseThrow();
        if (isUnreachable(why)) {
          unreachable = tried.failure();
        } else if (tried.late()) {
          // An engine that does not answer is why the time is over, whatever waited for it.
          why = unreachable.or(this::whyUnreachable).orElse(why);
          if (givenUp) return false;
        }
        left = left.minus(tried.took()).minus(pause);
        // Time without the database does not count: no report could be persisted then.
        if (Outage.isBehind(why)) left = limit;
        else if (!isUnreachable(why) || left.isNegative()) {
          fail(step, begun.get(), failure(stage.label(), why));
          return false;
        }
        logAgain(failure(stage.label(), why), pause);
        Thread.sleep(pause);
        pause = longer(pause);
      }
    }

    /**
     * One try of a stage: its outcome, or the failure.
     *
     * @param late whether it failed because its time was over
     */
    private record StageTry(
        Optional<GatewayWork.Outcome> outcome,
        Optional<Exception> failure,
        boolean late,
        Duration took) {}

    private StageTry tryOnce(Step step, Duration limit) {
      long begun = System.nanoTime();
      var deadline = new Deadline(limit);
      var outcome = Optional.<GatewayWork.Outcome>empty();
      var failure = Optional.<Exception>empty();
      boolean late = false;
      try {
        outcome = Optional.of(work.run(id, step));
      } catch (InterruptedException | RuntimeException why) {
        late = deadline.isOver();
        failure = Optional.of(late ? overdue(limit) : why);
      } finally {
        deadline.close();
      }
      return new StageTry(outcome, failure, late, Duration.ofNanos(System.nanoTime() - begun));
    }

    private void finish(Step step, Instant begun, GatewayWork.Outcome outcome) {
      var now = clock.instant();
      record(step, outcome.outcome().name().toLowerCase(Locale.ROOT), begun);
      reports()
          .add(
              new InstanceCommand.Finished(
                  new StageRecord(
                      step.stage(),
                      outcome.outcome(),
                      begun,
                      (int) Duration.between(begun, now).toMillis(),
                      outcome.note()),
                  outcome.endpoint(),
                  step.stage() == Stage.OPENCLAW_CONFIG ? step.config().version() : 0,
                  outcome.overrides(),
                  now));
    }

    /** Returns why the engine does not answer about this sandbox; empty if it does. */
    private Optional<Exception> whyUnreachable() {
      try {
        work.checkEngine(id);
      } catch (SandboxException why) {
        return isUnreachable(why) ? Optional.of(why) : Optional.empty();
      }
      return Optional.empty();
    }

    private void fail(Step step, Instant begun, WorkFailure why) {
      record(step, "failed", begun);
      // What went well before it comes first.
      reports().tell();
      tell(
          new InstanceCommand.EffectFailed(
              step.attempt(),
              Optional.of(step.stage()),
              begun,
              why.reason(),
              why.text(),
              clock.instant()));
    }

    private StageReports reports() {
      return stageReports.orElseThrow();
    }

    private void stop(InstanceEffect.StopGateway stop) throws InterruptedException {
      var begun = clock.instant();
      try {
        untilDone(
            () -> {
              work.stop(id, stop.attempt());
              return "";
            },
            Optional.of(settings.stopLimit()));
      } catch (WorkFailure why) {
        tell(
            new InstanceCommand.EffectFailed(
                stop.attempt(),
                Optional.empty(),
                begun,
                why.reason(),
                why.text(),
                clock.instant()));
        return;
      }
      tell(new InstanceCommand.GatewayStopped(stop.attempt(), clock.instant()));
    }

    /** A gateway that does not take it in time gets it when it starts. */
    private void applyConfig(InstanceEffect.ApplyConfig apply) throws InterruptedException {
      var taken = new AtomicReference<>(ConfigValues.Taken.PENDING);
      String note;
      try {
        note =
            untilDone(
                () -> {
                  var applied = work.applyConfig(id, apply);
                  taken.set(applied.overrides());
                  return applied.note();
                },
                Optional.of(settings.applyLimit()));
      } catch (WorkFailure late) {
        note = late.text() + "; applied at the next start";
      }
      tell(
          new InstanceCommand.ConfigApplied(
              apply.attempt(),
              apply.config().version(),
              apply.config().overrides().version(),
              taken.get(),
              note,
              clock.instant()));
    }

    /** A rotation that does not succeed in time stays pending, and is dispatched again. */
    private void rotateToken(InstanceEffect.RotateToken rotate) throws InterruptedException {
      try {
        untilDone(
            () -> {
              work.rotateToken(id, rotate);
              return "";
            },
            Optional.of(settings.stopLimit()));
      } catch (WorkFailure stillOwed) {
        return;
      }
      tell(new InstanceCommand.TokenRotated(rotate.attempt(), rotate.rotation(), clock.instant()));
    }

    /**
     * Tries until it succeeds or is cancelled. After {@code limit} it throws the last failure. Each
     * try waits for a permit; only the time of the tries and of the pauses between them counts.
     */
    private String untilDone(Attempt attempt, Optional<Duration> limit)
        throws InterruptedException {
      var pause = settings.retryMin();
      var spent = Duration.ZERO;
      while (true) {
        acquire(general);
        long tried = System.nanoTime();
        try {
          return attempt.once();
        } catch (RuntimeException why) {
          if (givenUp) throw new InterruptedException();
          var failure = failure(name(), why);
          logAgain(failure, pause);
          spent = spent.plusNanos(System.nanoTime() - tried);
          if (limit.isPresent() && spent.compareTo(limit.get()) > 0) throw failure;
        } finally {
          release(general);
        }
        Thread.sleep(pause);
        spent = spent.plus(pause);
        pause = longer(pause);
      }
    }

    private void acquire(FairSemaphore permits) throws InterruptedException {
      permits.acquire(effect.organizationId());
      permitSince = OptionalLong.of(System.nanoTime());
    }

    private void release(FairSemaphore permits) {
      permitSince = OptionalLong.empty();
      permits.release();
    }

    Duration underWay() {
      var since = permitSince;
      return since.isPresent()
          ? Duration.ofNanos(System.nanoTime() - since.getAsLong())
          : Duration.ZERO;
    }

    private Duration longer(Duration pause) {
      var longer = pause.multipliedBy(2);
      return longer.compareTo(settings.retryMax()) < 0 ? longer : settings.retryMax();
    }

    private void logAgain(WorkFailure failure, Duration pause) {
      LOG.warn(
          "instance={} effect={} reason={} message={} again_in_ms={}",
          id,
          name(),
          failure.reason(),
          failure.text(),
          pause.toMillis());
    }

    /** Interrupts what takes too long, and never what comes after it. For its own thread. */
    private final class Deadline {
      private final ScheduledFuture<?> alarm;
      private boolean over;
      private boolean closed;

      Deadline(Duration limit) {
        alarm = timer.schedule(this::ring, limit.toMillis(), TimeUnit.MILLISECONDS);
      }

      private synchronized void ring() {
        if (closed) return;
        over = true;
        thread.interrupt();
      }

      synchronized boolean isOver() {
        return over;
      }

      synchronized void close() {
        closed = true;
        alarm.cancel(false);
        if (over) Thread.interrupted();
      }
    }

    private void tell(InstanceCommand.Report outcome) {
      if (!givenUp) report.accept(outcome);
    }

    private void record(Step step, String outcome, Instant begun) {
      Timer.builder("chowder.stage")
          .description("From a stage's beginning to its end")
          .tag("stage", step.stage().label())
          .tag("life", step.attempt() == 1 ? "provisioning" : "start")
          .tag("outcome", outcome)
          .serviceLevelObjectives(STAGE_BUCKETS)
          .register(metrics)
          .record(Duration.between(begun, clock.instant()));
    }

    private String name() {
      return effect.getClass().getSimpleName();
    }
  }

  /** One try of something. */
  private interface Attempt {
    String once() throws InterruptedException;
  }

  /** Both take up to 10 s of a processor and wait for the disk in between. */
  private static boolean startsOpenClaw(Stage stage) {
    return stage == Stage.ONBOARD || stage == Stage.START_GATEWAY;
  }

  private static boolean isUnreachable(Exception why) {
    return why instanceof SandboxException engine
        && engine.reason() == SandboxException.Reason.ENGINE_UNREACHABLE;
  }

  private static WorkFailure overdue(Duration limit) {
    return new WorkFailure("TIMED_OUT", "not done in time: limit " + limit.toSeconds() + " s");
  }

  private static WorkFailure failure(String what, Exception why) {
    return switch (why) {
      case WorkFailure f -> new WorkFailure(f.reason(), what + ": " + f.text());
      case SandboxException s -> new WorkFailure(s.reason().name(), what + ": " + s.getMessage());
      case InterruptedException _ ->
          new WorkFailure("INTERRUPTED", what + ": interrupted (expected: to be let finish)");
      case RuntimeException away when Outage.isBehind(away) ->
          new WorkFailure("DATABASE_UNAVAILABLE", what + ": the database does not answer");
      case Exception bug -> {
        LOG.error("{}: a bug", what, bug);
        yield new WorkFailure(
            "INTERNAL", what + ": an error in Chowder itself; the server's log has the details");
      }
    };
  }
}
