package dev.chowder.effect;

import dev.chowder.gateway.GatewayWork;
import dev.chowder.gateway.GatewayWork.StageRun;
import dev.chowder.gateway.GatewayWork.WorkFailure;
import dev.chowder.instance.ConfigValues;
import dev.chowder.instance.InstanceCommand;
import dev.chowder.instance.InstanceEffect;
import dev.chowder.instance.InstanceEffect.RunStages;
import dev.chowder.instance.InstanceEffects;
import dev.chowder.instance.InstanceId;
import dev.chowder.instance.Stage;
import dev.chowder.instance.StageRecord;
import dev.chowder.sandbox.SandboxException;
import dev.chowder.sleep.SleepSettings;
import dev.chowder.storage.Outage;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Timer;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.EnumSet;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Runs effects on virtual threads, one at a time per instance. Each try has a deadline and needs a
 * permit: one of {@link EffectSettings#maxConcurrentBoots} for a stage that may start OpenClaw, one
 * of {@link SleepSettings#maxConcurrentWakes} for a wake, one of {@link
 * EffectSettings#maxConcurrent} otherwise. Organizations get permits in turn. Half of the wakes are
 * reserved for organizations that wake no other gateway. An effect that must succeed, such as a
 * removal, is retried until it succeeds or is no longer pending. Between tries it holds no permit.
 * Time in the queue counts against no limit.
 */
public final class EffectRunner implements InstanceEffects, AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(EffectRunner.class);

  /** From the time to write one file to the longest time that a stage may take. */
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
  private final FairSemaphore wakes;
  private final StartSpacing starts;
  private final Map<InstanceId, Run> runs = new ConcurrentHashMap<>();
  private volatile boolean closed;
  private final ScheduledThreadPoolExecutor timer = timer();
  private final Map<TimerKey, Timer> stageTimers = new ConcurrentHashMap<>();

  public EffectRunner(
      GatewayWork work,
      EffectSettings settings,
      BootPermits boots,
      Clock clock,
      MeterRegistry metrics) {
    this.work = work;
    this.settings = settings;
    this.clock = clock;
    this.metrics = metrics;
    this.general = new FairSemaphore(settings.maxConcurrent());
    this.boots = boots.permits();
    // A wake may hang for minutes, and most others take less than a second.
    int wakesAtOnce = settings.sleep().maxConcurrentWakes();
    this.wakes = new FairSemaphore(wakesAtOnce, wakesAtOnce / 2);
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
          // A cancelled run stays until it has ended, so that the next run can wait for it.
          if (effect instanceof InstanceEffect.None) {
            return current == null || current.ended ? null : current;
          }
          var run = new Run(id, effect, report, current);
          run.start();
          return run;
        });
  }

  @Override
  public Duration runningFor(InstanceId id) {
    var run = runs.get(id);
    return run == null ? Duration.ZERO : run.runningFor();
  }

  /**
   * Returns a timer that drops cancelled tasks at once, since a deadline is cancelled long before
   * it is due. After {@link #close} it ignores tasks: a stage that still runs then has no deadline
   * and no report.
   */
  private static ScheduledThreadPoolExecutor timer() {
    var timer =
        new ScheduledThreadPoolExecutor(
            1,
            Thread.ofPlatform().daemon().name("effect-deadlines").factory(),
            new ThreadPoolExecutor.DiscardPolicy());
    timer.setRemoveOnCancelPolicy(true);
    return timer;
  }

  /** Returns the number of effects that wait for a permit. */
  public int waiting() {
    return general.waiting() + boots.waiting() + wakes.waiting();
  }

  /** Returns the number of deadlines and reports that are scheduled. */
  int scheduled() {
    return timer.getQueue().size();
  }

  private int running() {
    return general.taken() + boots.taken() + wakes.taken();
  }

  /**
   * Cancels all runs and starts no further ones. Their effects stay pending, and are dispatched
   * again on another node or after the next start.
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
    private volatile boolean cancelled;
    private volatile long cancelledNanos;

    /**
     * When the current try got its permit, by {@link System#nanoTime}; empty if the run has none.
     */
    private volatile OptionalLong permitSince = OptionalLong.empty();

    /** Whether the run has no work left. */
    private volatile boolean ended;

    /** The effect as it was last dispatched; its configuration may have changed since the start. */
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
                      this::send))
              : Optional.empty();
      this.thread = Thread.ofVirtual().name("effect-" + id).unstarted(this::run);
    }

    void start() {
      thread.start();
    }

    /**
     * Returns whether this run already performs the effect. If the same stages are requested again,
     * their reports may be lost, so they are resent.
     */
    boolean isAlreadyRunning(InstanceEffect pendingEffect) {
      if (cancelled) return false;
      if (!(effect instanceof RunStages plan) || stageReports.isEmpty())
        return effect.equals(pendingEffect);
      if (!(pendingEffect instanceof RunStages left) || !left.isSamePlanAs(plan)) return false;
      int done = plan.stages().size() - left.stages().size();
      // The instance learns of finished stages only from this run, so the run is never behind it.
      if (done < 0 || done > stageReports.get().done()) return false;
      if (left.equals(latest)) stageReports.get().resendFrom(done);
      latest = left;
      return true;
    }

    void cancel() {
      if (!cancelled) cancelledNanos = System.nanoTime();
      cancelled = true;
      thread.interrupt();
    }

    void awaitEnd(Duration limit) throws InterruptedException {
      if (limit.isPositive()) thread.join(limit);
    }

    /**
     * Waits for the previous run, which itself waits for the runs before it. A run that is
     * cancelled meanwhile still waits, because later runs wait for its predecessors only through
     * it.
     */
    private void awaitPredecessor() {
      var before = previous;
      previous = null;
      if (before == null || before.hasEndedWithin(settings.cancelWait())) return;
      LOG.warn("instance={} effect={} still runs after its cancellation", id, before.name());
    }

    /**
     * Waits until {@code limit} after the cancellation, also while interrupted; returns whether the
     * run has ended.
     */
    private boolean hasEndedWithin(Duration limit) {
      while (thread.isAlive()) {
        long left = limit.toNanos() - (System.nanoTime() - cancelledNanos);
        if (left <= 0) return false;
        try {
          awaitEnd(Duration.ofNanos(left));
        } catch (InterruptedException ignored) {
          // The waiting run checks after the wait whether it was cancelled.
        }
      }
      return true;
    }

    private void run() {
      try {
        awaitPredecessor();
        if (cancelled) return;
        perform();
      } catch (InterruptedException e) {
        if (!cancelled) LOG.warn("instance={} effect={} interrupted", id, name());
      } catch (RuntimeException e) {
        LOG.error("instance={} effect={} unexpected exception", id, name(), e);
      } finally {
        runs.computeIfPresent(id, (_, run) -> run == this ? afterEnd() : run);
      }
    }

    /**
     * Keeps a completed run until the pending effect changes. The instance may request stages whose
     * report is still in flight, and running an early stage again would undo a later one.
     */
    private @Nullable Run afterEnd() {
      ended = true;
      boolean allDone = stageReports.map(StageReports::isComplete).orElse(false);
      return allDone && !cancelled ? this : null;
    }

    private void perform() throws InterruptedException {
      switch (effect) {
        case InstanceEffect.None _ -> {}
        case RunStages plan -> runStages(plan);
        case InstanceEffect.AwaitStart wait -> awaitStart(wait);
        case InstanceEffect.StopGateway stop -> stop(stop);
        case InstanceEffect.Deepen deepen -> deepen(deepen);
        case InstanceEffect.ApplyConfig apply -> applyConfig(apply);
        case InstanceEffect.RotateToken rotate -> rotateToken(rotate);
        case InstanceEffect.ReleaseSlot(var organizationId) -> {
          untilDone(
              () -> {
                work.releaseSlot(id, organizationId);
                return "";
              },
              Optional.empty());
          send(new InstanceCommand.SlotReleased(clock.instant()));
        }
        case InstanceEffect.Remove remove -> {
          boolean removed = untilDone(() -> work.remove(id, remove), Optional.empty());
          var now = clock.instant();
          send(
              removed
                  ? new InstanceCommand.Removed(remove.attempt(), remove.scope(), now)
                  : new InstanceCommand.ClaimFound(remove.attempt(), now));
        }
      }
    }

    /**
     * Waits until the gateway may start. Holds no permit, since the wait may take minutes, or until
     * another gateway stops and frees memory. A clock that is set back does not prolong the wait.
     */
    private void awaitStart(InstanceEffect.AwaitStart wait) throws InterruptedException {
      var restarts = settings.restarts();
      var delay = restarts.delay(wait.engineLosses());
      var left = Duration.between(clock.instant(), wait.since().plus(delay));
      if (left.isPositive()) Thread.sleep(left.compareTo(delay) < 0 ? left : delay);
      if (!wait.engineLosses().isEmpty()) Thread.sleep(starts.untilNext());
      boolean admitted = work.admitStart(id, wait.attempt());
      if (!admitted) LOG.info("instance={} event=start-waits: not enough memory on the host", id);
      while (!admitted) {
        Thread.sleep(restarts.memoryRetry());
        admitted = work.admitStart(id, wait.attempt());
      }
      send(new InstanceCommand.StartDue(wait.attempt(), clock.instant()));
    }

    /**
     * Runs the stages in order, without waiting until the journal has their reports: after a crash,
     * each stage can be run again.
     */
    private void runStages(RunStages plan) throws InterruptedException {
      var prepared = EnumSet.noneOf(Stage.class);
      for (var stage : plan.stages()) {
        if (cancelled) return;
        if (prepared.contains(stage)) {
          finish(stageRun(stage, plan), clock.instant(), GatewayWork.Outcome.prepared());
          continue;
        }
        boolean woke = stage == Stage.START_GATEWAY && plan.sleep().canWake() && wake(stage, plan);
        if (cancelled) return;
        if (woke) continue;
        var outcome = runStage(stage, plan);
        if (outcome.isEmpty()) return;
        prepared.addAll(outcome.get().prepares());
      }
    }

    /**
     * Continues the sleeping gateway; returns false if it must be booted. A wake does not wait for
     * boots, which take longer. An engine or a database that is unavailable for a while does not
     * end the gateway, and one that is busy for less than the wake limit does not end it either.
     */
    private boolean wake(Stage stage, RunStages plan) throws InterruptedException {
      // The wake limit bounds the gateway; a pending configuration may install a plugin.
      var limit = settings.sleep().wakeLimit().plus(settings.applyLimit());
      var left = settings.stageLimits().getOrDefault(stage, settings.stopLimit());
      var busyLeft = settings.sleep().wakeLimit();
      var pause = settings.retryMin();
      var begun = Optional.<Instant>empty();
      while (true) {
        StageRun stageRun;
        StageTry<Optional<GatewayWork.Outcome>> tried;
        acquire(wakes);
        try {
          begun = begun.or(() -> Optional.of(clock.instant()));
          stageRun = stageRun(stage, plan);
          tried = tryOnce(() -> work.wake(id, stageRun), limit);
        } finally {
          release(wakes);
        }
        if (tried.outcome().isPresent()) {
          var outcome = tried.outcome().get();
          if (cancelled || outcome.isEmpty()) return false;
          finish(stageRun, begun.get(), outcome.get());
          return true;
        }
        if (cancelled) return false;
        var why = tried.failure().orElseThrow();
        if (!Outage.isBehind(why)) {
          var spent = tried.took().plus(pause);
          left = left.minus(spent);
          if (isBusy(why)) busyLeft = busyLeft.minus(spent);
          boolean again = isBusy(why) ? !busyLeft.isNegative() : isTemporary(why);
          if (!again || left.isNegative()) {
            var failure = failure("wake", why);
            LOG.warn(
                "instance={} event=not-woken reason={} message={}",
                id,
                failure.reason(),
                failure.text());
            return false;
          }
        }
        logRetry(failure("wake", why), pause);
        Thread.sleep(pause);
        pause = longer(pause);
      }
    }

    /** Returns the run of a stage, with the configuration as it is pending now. */
    private StageRun stageRun(Stage stage, RunStages plan) {
      var config = latest instanceof RunStages left ? left.config() : plan.config();
      return new StageRun(
          stage,
          plan.attempt(),
          plan.organizationId(),
          plan.model(),
          config,
          plan.homes(),
          plan.sleep());
    }

    /** Returns the outcome of the stage; empty if it failed or was cancelled. */
    private Optional<GatewayWork.Outcome> runStage(Stage stage, RunStages plan)
        throws InterruptedException {
      var permits = mayStartOpenClaw(stage) ? boots : general;
      var limit = settings.stageLimits().getOrDefault(stage, settings.stopLimit());
      var left = limit;
      var pause = settings.retryMin();
      var begun = Optional.<Instant>empty();
      var unreachable = Optional.<Exception>empty();
      while (true) {
        StageRun stageRun;
        StageTry<GatewayWork.Outcome> tried;
        acquire(permits);
        try {
          begun = begun.or(() -> Optional.of(clock.instant()));
          stageRun = stageRun(stage, plan);
          tried = tryOnce(() -> work.run(id, stageRun), left);
        } finally {
          release(permits);
        }
        if (tried.outcome().isPresent()) {
          finish(stageRun, begun.get(), tried.outcome().get());
          return tried.outcome();
        }
        if (cancelled) return Optional.empty();
        var why = tried.failure().orElseThrow();
        if (isUnreachable(why)) {
          unreachable = tried.failure();
        } else if (tried.late()) {
          // The engine that does not respond is the cause, whichever call ran into the deadline.
          why = unreachable.or(this::whyUnreachable).orElse(overdue(limit));
          if (cancelled) return Optional.empty();
        }
        left = left.minus(tried.took()).minus(pause);
        // Time without the database does not count: no report could be persisted then.
        if (Outage.isBehind(why)) left = limit;
        else if (!isTemporary(why) || left.isNegative()) {
          fail(stageRun, begun.get(), failure(stage.label(), why));
          return Optional.empty();
        }
        logRetry(failure(stage.label(), why), pause);
        Thread.sleep(pause);
        pause = longer(pause);
      }
    }

    /**
     * The result of one try of a stage: an outcome or a failure.
     *
     * @param late whether the try failed because its deadline passed
     */
    private record StageTry<T>(
        Optional<T> outcome, Optional<Exception> failure, boolean late, Duration took) {}

    private <T> StageTry<T> tryOnce(Work<T> once, Duration limit) {
      long begun = System.nanoTime();
      var deadline = new Deadline(limit);
      var outcome = Optional.<T>empty();
      var failure = Optional.<Exception>empty();
      boolean late = false;
      try {
        outcome = Optional.of(once.run());
      } catch (InterruptedException | RuntimeException why) {
        late = deadline.isOver();
        failure = Optional.of(late ? overdue(limit) : why);
      } finally {
        deadline.close();
      }
      return new StageTry<>(outcome, failure, late, Duration.ofNanos(System.nanoTime() - begun));
    }

    private void finish(StageRun stageRun, Instant begun, GatewayWork.Outcome outcome) {
      var now = clock.instant();
      record(
          stageRun,
          outcome.thawed() ? "wake" : kind(),
          outcome.outcome().name().toLowerCase(Locale.ROOT),
          begun);
      reports()
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
                  now));
    }

    /** Returns why the engine cannot be queried about this sandbox; empty if it can. */
    private Optional<Exception> whyUnreachable() {
      try {
        work.checkEngine(id);
      } catch (SandboxException why) {
        return isUnreachable(why) ? Optional.of(why) : Optional.empty();
      }
      return Optional.empty();
    }

    private void fail(StageRun stageRun, Instant begun, WorkFailure why) {
      record(stageRun, kind(), "failed", begun);
      // The stages before it are reported first.
      reports().send();
      send(
          new InstanceCommand.EffectFailed(
              stageRun.attempt(),
              Optional.of(stageRun.stage()),
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
      GatewayWork.StopResult stopped;
      try {
        stopped = untilDone(() -> work.stop(id, stop), Optional.of(settings.stopLimit()));
      } catch (WorkFailure why) {
        send(
            new InstanceCommand.EffectFailed(
                stop.attempt(),
                Optional.empty(),
                begun,
                why.reason(),
                why.text(),
                clock.instant()));
        return;
      }
      send(
          new InstanceCommand.GatewayStopped(
              stop.attempt(),
              stopped.slept().level(),
              stopped.boot(),
              stopped.slept().memory(),
              clock.instant()));
    }

    private void deepen(InstanceEffect.Deepen deepen) throws InterruptedException {
      var slept = untilDone(() -> work.deepen(id, deepen), Optional.empty());
      send(
          new InstanceCommand.SleepReached(
              deepen.attempt(), slept.level(), slept.memory(), clock.instant()));
    }

    /**
     * Applies a changed configuration to the running gateway. A gateway that does not accept it in
     * time gets it at its next start.
     */
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
        note = late.text() + "; it is applied at the next start";
      }
      send(
          new InstanceCommand.ConfigApplied(
              apply.attempt(),
              apply.config().version(),
              apply.config().overrides().version(),
              taken.get(),
              note,
              clock.instant()));
    }

    /**
     * Rotates the token. If that does not succeed in time, the rotation stays pending and is
     * re-dispatched.
     */
    private void rotateToken(InstanceEffect.RotateToken rotate) throws InterruptedException {
      try {
        untilDone(
            () -> {
              work.rotateToken(id, rotate);
              return "";
            },
            Optional.of(settings.stopLimit()));
      } catch (WorkFailure stillPending) {
        return;
      }
      send(new InstanceCommand.TokenRotated(rotate.attempt(), rotate.rotation(), clock.instant()));
    }

    /**
     * Retries the action until it succeeds or this run is cancelled. Throws the last failure once
     * the tries and the pauses between them took longer than {@code limit}. Each try waits for a
     * permit; that wait does not count.
     *
     * @param limit maximum duration; empty if the action must succeed
     * @return the result of the action
     */
    private <T> T untilDone(Work<T> action, Optional<Duration> limit) throws InterruptedException {
      var pause = settings.retryMin();
      var spent = Duration.ZERO;
      while (true) {
        acquire(general);
        long tried = System.nanoTime();
        try {
          return action.run();
        } catch (RuntimeException why) {
          if (cancelled) throw new InterruptedException();
          var failure = failure("cannot " + action(), why);
          logRetry(failure, pause);
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
      permits.release(effect.organizationId());
    }

    Duration runningFor() {
      var since = permitSince;
      return since.isPresent()
          ? Duration.ofNanos(System.nanoTime() - since.getAsLong())
          : Duration.ZERO;
    }

    private Duration longer(Duration pause) {
      var longer = pause.multipliedBy(2);
      return longer.compareTo(settings.retryMax()) < 0 ? longer : settings.retryMax();
    }

    private void logRetry(WorkFailure failure, Duration pause) {
      LOG.warn(
          "instance={} effect={} reason={} message={} again_in_ms={}",
          id,
          name(),
          failure.reason(),
          failure.text(),
          pause.toMillis());
    }

    /**
     * Interrupts the run's thread if a try takes longer than its limit, and never after {@link
     * #close}. Opened and closed by that thread.
     */
    private final class Deadline {
      private final ScheduledFuture<?> timeout;
      private boolean over;
      private boolean closed;

      Deadline(Duration limit) {
        timeout = timer.schedule(this::expire, limit.toMillis(), TimeUnit.MILLISECONDS);
      }

      private synchronized void expire() {
        if (closed) return;
        over = true;
        thread.interrupt();
      }

      synchronized boolean isOver() {
        return over;
      }

      synchronized void close() {
        closed = true;
        timeout.cancel(false);
        if (over) Thread.interrupted();
      }
    }

    private void send(InstanceCommand.Report outcome) {
      if (!cancelled) report.accept(outcome);
    }

    private void record(StageRun stageRun, String kind, String outcome, Instant begun) {
      stageTimers
          .computeIfAbsent(
              new TimerKey(stageRun.stage(), kind, outcome), EffectRunner.this::stageTimer)
          .record(Duration.between(begun, clock.instant()));
    }

    private String kind() {
      return effect instanceof RunStages plan ? plan.purpose().name().toLowerCase(Locale.ROOT) : "";
    }

    private String name() {
      return effect.getClass().getSimpleName();
    }

    /** Returns the action of the effect, for messages. */
    private String action() {
      return switch (effect) {
        case InstanceEffect.None _ -> "do nothing";
        case RunStages _ -> "run the stages";
        case InstanceEffect.AwaitStart _ -> "wait for the start";
        case InstanceEffect.StopGateway _ -> "stop the gateway";
        case InstanceEffect.Deepen _ -> "deepen the sleep of the gateway";
        case InstanceEffect.ApplyConfig _ -> "apply the configuration";
        case InstanceEffect.RotateToken _ -> "rotate the gateway token";
        case InstanceEffect.ReleaseSlot _ -> "release the slot";
        case InstanceEffect.Remove _ -> "remove the sandbox";
      };
    }
  }

  /**
   * The labels of a metric of stages.
   *
   * @param kind what the stage belongs to: {@code provisioning}, {@code start}, {@code pool} (a
   *     member), or {@code wake} for the start of a gateway without a boot
   */
  private record TimerKey(Stage stage, String kind, String outcome) {}

  private Timer stageTimer(TimerKey key) {
    return Timer.builder("chowder.stage")
        .description("From a stage's beginning to its end")
        .tag("stage", key.stage().label())
        .tag("life", key.kind())
        .tag("outcome", key.outcome())
        .serviceLevelObjectives(STAGE_BUCKETS)
        .register(metrics);
  }

  /** Work that may block. */
  private interface Work<T> {
    T run() throws InterruptedException;
  }

  /**
   * Returns whether the stage may start OpenClaw, which takes up to 10 s of a processor and waits
   * for the disk in between. The stage {@code onboard} does so if the image has no onboarded
   * configuration.
   */
  private static boolean mayStartOpenClaw(Stage stage) {
    return stage == Stage.ONBOARD || stage == Stage.START_GATEWAY;
  }

  /** Returns whether the engine or an actor did not answer, so that the work is repeated. */
  private static boolean isTemporary(Exception why) {
    return isUnreachable(why) || (why instanceof WorkFailure failure && failure.isNoReply());
  }

  private static boolean isBusy(Exception why) {
    return why instanceof WorkFailure failure && failure.isBusy();
  }

  private static boolean isUnreachable(Exception why) {
    return why instanceof SandboxException engine
        && engine.reason() == SandboxException.Reason.ENGINE_UNREACHABLE;
  }

  private static WorkFailure overdue(Duration limit) {
    return new WorkFailure("TIMED_OUT", "not finished within " + limit.toSeconds() + " s");
  }

  private static WorkFailure failure(String what, Exception why) {
    return switch (why) {
      case WorkFailure f -> new WorkFailure(f.reason(), what + ": " + f.text());
      case SandboxException s -> new WorkFailure(s.reason().name(), what + ": " + s.getMessage());
      case InterruptedException _ ->
          new WorkFailure("INTERRUPTED", what + ": interrupted before it finished");
      case RuntimeException e when Outage.isBehind(e) ->
          new WorkFailure("DATABASE_UNAVAILABLE", what + ": the database does not answer");
      case Exception bug -> {
        LOG.error("{}: unexpected exception", what, bug);
        yield new WorkFailure(
            "INTERNAL", what + ": an error in Chowder itself; see the server's log");
      }
    };
  }
}
