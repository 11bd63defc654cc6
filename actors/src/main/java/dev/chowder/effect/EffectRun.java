package dev.chowder.effect;

import dev.chowder.base.FairSemaphore;
import dev.chowder.instance.InstanceCommand;
import dev.chowder.instance.InstanceEffect;
import dev.chowder.instance.InstanceEffect.RunStages;
import dev.chowder.instance.InstanceId;
import dev.chowder.instance.WantedConfig;
import dev.chowder.sandbox.HomeRef;
import java.time.Duration;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.concurrent.ScheduledExecutorService;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One run of an effect: its thread, its cancellation and its reports. Does not know how the effect
 * is performed.
 */
final class EffectRun {
  private static final Logger LOG = LoggerFactory.getLogger(EffectRun.class);

  /** The instance as it was last dispatched; a stage may have created its sandbox since. */
  private volatile Target target;

  private final InstanceEffect effect;
  private final Consumer<InstanceCommand.Report> report;
  private final Thread thread;
  private @Nullable EffectRun previous;
  private final Optional<StageReports> stageReports;
  private volatile boolean cancelled;
  private volatile long cancelledNanos;

  /** When the current try got its permit, by {@link System#nanoTime}; empty if the run has none. */
  private volatile OptionalLong permitSince = OptionalLong.empty();

  /** Whether the run has no work left. */
  private volatile boolean ended;

  /** The effect as it was last dispatched; its configuration may have changed since the start. */
  private volatile InstanceEffect latest;

  /**
   * An instance, and its home volume.
   *
   * @param home empty if the journal does not name it
   */
  record Target(InstanceId id, Optional<HomeRef> home) {}

  /**
   * Creates a run that is not started.
   *
   * @param previous the run before it; null if there is none
   * @param timer sends reports that are delayed
   * @param work what the run's thread does
   */
  EffectRun(
      Target target,
      InstanceEffect effect,
      Consumer<InstanceCommand.Report> report,
      @Nullable EffectRun previous,
      EffectSettings settings,
      ScheduledExecutorService timer,
      Consumer<EffectRun> work) {
    this.target = target;
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
                    settings.reportWindow(),
                    timer,
                    this::send))
            : Optional.empty();
    this.thread =
        Thread.ofVirtual().name("effect-" + target.id()).unstarted(() -> work.accept(this));
  }

  InstanceId id() {
    return target.id();
  }

  /** Returns the home volume; empty if the journal does not name it. */
  Optional<HomeRef> home() {
    return target.home();
  }

  InstanceEffect effect() {
    return effect;
  }

  /** Returns the name of the effect, for logs. */
  String name() {
    return effect.getClass().getSimpleName();
  }

  /** Returns the configuration of the stages as it is pending now. */
  WantedConfig config(RunStages plan) {
    return latest instanceof RunStages left ? left.config() : plan.config();
  }

  StageReports reports() {
    return stageReports.orElseThrow();
  }

  void start() {
    thread.start();
  }

  /**
   * Returns whether this run already performs the effect. If the same stages are requested again,
   * their reports may be lost, so they are resent.
   *
   * @param current the instance, with the sandbox that an earlier stage of this run created
   */
  boolean isAlreadyRunning(Target current, InstanceEffect pendingEffect) {
    if (cancelled) return false;
    if (!(effect instanceof RunStages plan) || stageReports.isEmpty())
      return effect.equals(pendingEffect);
    if (!(pendingEffect instanceof RunStages left) || !left.isSamePlanAs(plan)) return false;
    int done = plan.stages().size() - left.stages().size();
    // The instance learns of finished stages only from this run, so the run is never behind it.
    if (done < 0 || done > stageReports.get().done()) return false;
    if (left.equals(latest)) stageReports.get().resendFrom(done);
    latest = left;
    target = current;
    return true;
  }

  void cancel() {
    if (!cancelled) cancelledNanos = System.nanoTime();
    cancelled = true;
    thread.interrupt();
  }

  boolean isCancelled() {
    return cancelled;
  }

  void awaitEnd(Duration limit) throws InterruptedException {
    if (limit.isPositive()) thread.join(limit);
  }

  /**
   * Waits for the previous run, which itself waits for the runs before it. A run that is cancelled
   * meanwhile still waits, because later runs wait for its predecessors only through it.
   */
  void awaitPredecessor(Duration limit) {
    var before = previous;
    previous = null;
    if (before == null || before.hasEndedWithin(limit)) return;
    LOG.warn("instance={} effect={} still runs after its cancellation", id(), before.name());
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

  /** Returns whether the run has no work left. */
  boolean hasEnded() {
    return ended;
  }

  /**
   * Keeps a completed run until the pending effect changes. The instance may request stages whose
   * report is still in flight, and running an early stage again would undo a later one.
   */
  @Nullable EffectRun afterEnd() {
    ended = true;
    boolean allDone = stageReports.map(StageReports::isComplete).orElse(false);
    return allDone && !cancelled ? this : null;
  }

  /** Sends a report to the instance, unless the run is cancelled. */
  void send(InstanceCommand.Report outcome) {
    if (!cancelled) report.accept(outcome);
  }

  void acquire(FairSemaphore permits) throws InterruptedException {
    permits.acquire(effect.organizationId());
    permitSince = OptionalLong.of(System.nanoTime());
  }

  void release(FairSemaphore permits) {
    permitSince = OptionalLong.empty();
    permits.release(effect.organizationId());
  }

  /** Returns for how long the current try has a permit; 0 if it has none. */
  Duration runningFor() {
    var since = permitSince;
    return since.isPresent()
        ? Duration.ofNanos(System.nanoTime() - since.getAsLong())
        : Duration.ZERO;
  }
}
