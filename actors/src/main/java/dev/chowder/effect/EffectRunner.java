package dev.chowder.effect;

import dev.chowder.gateway.GatewayWork;
import dev.chowder.instance.InstanceCommand;
import dev.chowder.instance.InstanceEffect;
import dev.chowder.instance.InstanceEffects;
import dev.chowder.instance.InstanceId;
import dev.chowder.sleep.SleepSettings;
import io.micrometer.core.instrument.MeterRegistry;
import java.time.Clock;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.function.Consumer;
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

  private final EffectSettings settings;
  private final Clock clock;
  private final EffectPermits permits;
  private final EffectPerformer performer;
  private final Map<InstanceId, EffectRun> runs = new ConcurrentHashMap<>();
  private volatile boolean closed;
  private final ScheduledThreadPoolExecutor timer = timer();

  public EffectRunner(
      GatewayWork work,
      EffectSettings settings,
      BootPermits boots,
      Clock clock,
      MeterRegistry metrics) {
    this.settings = settings;
    this.clock = clock;
    this.permits = new EffectPermits(settings, boots);
    var tries = new Tries(settings, timer);
    var stages = new StageRunner(work, settings, clock, permits, tries, new StageTimers(metrics));
    this.performer = new EffectPerformer(work, settings, clock, permits, tries, stages);
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
            return current == null || current.hasEnded() ? null : current;
          }
          var run = new EffectRun(id, effect, report, current, settings, timer, this::execute);
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
    return permits.waiting();
  }

  /** Returns the number of deadlines and reports that are scheduled. */
  int scheduled() {
    return timer.getQueue().size();
  }

  private int running() {
    return permits.taken();
  }

  /**
   * Cancels all runs and starts no further ones. Their effects stay pending, and are dispatched
   * again on another node or after the next start.
   */
  @Override
  public void close() {
    closed = true;
    runs.values().forEach(EffectRun::cancel);
    timer.shutdownNow();
    var until = clock.instant().plus(settings.cancelTimeout());
    for (var run : runs.values()) {
      try {
        run.awaitEnd(Duration.between(clock.instant(), until));
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        return;
      }
    }
  }

  /** Performs the effect of a run, on the thread of the run. */
  private void execute(EffectRun run) {
    try {
      run.awaitPredecessor(settings.cancelTimeout());
      if (run.isCancelled()) return;
      performer.perform(run);
    } catch (InterruptedException e) {
      if (!run.isCancelled()) {
        LOG.warn("instance={} effect={} interrupted", run.id(), run.name());
      }
    } catch (RuntimeException e) {
      LOG.error("instance={} effect={} unexpected exception", run.id(), run.name(), e);
    } finally {
      runs.computeIfPresent(run.id(), (_, last) -> last == run ? run.afterEnd() : last);
    }
  }
}
