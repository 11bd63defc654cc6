package dev.chowder.reconcile;

import static dev.chowder.base.ErrorText.must;
import static java.util.stream.Collectors.toSet;

import dev.chowder.base.RepeatingThread;
import dev.chowder.cluster.LastSuccess;
import dev.chowder.cluster.SingletonDuty;
import dev.chowder.instance.InstanceCommand;
import dev.chowder.instance.InstanceCommand.ObservedState;
import dev.chowder.instance.InstanceId;
import dev.chowder.instance.InstanceView;
import dev.chowder.instance.Instances;
import dev.chowder.sandbox.HomeUsage;
import dev.chowder.sandbox.SandboxException;
import dev.chowder.settings.Section;
import dev.chowder.settings.Setting;
import io.micrometer.core.instrument.MeterRegistry;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Queue;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Measures the home volumes of running agents at an interval, and reports volumes over the limit to
 * their instances, which decide what follows. A home that cannot be measured repeatedly, while
 * others can, counts as over the limit. Also starts {@link DiskGuard}. Runs on one node of a
 * cluster.
 */
public final class DiskWatch implements SingletonDuty.Duty {
  private static final Logger LOG = LoggerFactory.getLogger(DiskWatch.class);
  private static final int WARN_PERCENT = 90;

  /** An agent that keeps its home from being measured counts as over its limit. */
  private static final int MAX_LATE_WALKS = 3;

  /**
   * Limits of home volumes; {@code reference.conf} describes each.
   *
   * @param homeBytes maximum size of a home volume; 0 disables measuring
   * @param maxFiles maximum number of its files and folders
   * @param interval time between two measurements of all volumes
   * @param stoppedInterval time between two measurements of the volumes of stopped agents
   * @param guardInterval time between two checks whether the host's disk is almost full
   * @param maxConcurrent maximum number of concurrent measurements
   * @param maxBatchSize maximum number of rows in one query
   */
  @Section("chowder.disk")
  public record Settings(
      @Setting("max-home-volume-size") long homeBytes,
      long maxFiles,
      Duration interval,
      Duration stoppedInterval,
      Duration guardInterval,
      int maxConcurrent,
      int maxBatchSize) {
    HomeUsage limit() {
      return new HomeUsage(homeBytes, maxFiles);
    }
  }

  private final HomeSizes homes;
  private final HostDisk disk;
  private final Instances instances;
  private final Settings settings;
  private final ReconcilerSettings limits;
  private final Clock clock;

  /** How many walks in a row were too late, by home. */
  private final Map<InstanceId, Integer> tooSlow = new ConcurrentHashMap<>();

  /** Empty if homes are not measured. */
  private final Optional<LastSuccess> passes;

  private final DiskGuard guard;
  private final RepeatingThread thread = new RepeatingThread("disk-watch");
  private final RepeatingThread stopped = new RepeatingThread("disk-watch-stopped");
  private final RepeatingThread guarding = new RepeatingThread("disk-full-watch");

  public DiskWatch(
      HomeSizes homes,
      HostDisk disk,
      Instances instances,
      Settings settings,
      ReconcilerSettings limits,
      Clock clock,
      MeterRegistry metrics) {
    this.homes = homes;
    this.disk = disk;
    this.instances = instances;
    this.settings = settings;
    this.limits = limits;
    this.clock = clock;
    this.passes =
        settings.homeBytes() > 0 ? Optional.of(new LastSuccess("disk", metrics)) : Optional.empty();
    this.guard = new DiskGuard(homes, disk, limits, this::stopAndConfirm);
  }

  /** Starts to measure at the interval, until closed. */
  public DiskWatch start() {
    if (settings.homeBytes() > 0) {
      thread.nowAndEvery(settings.interval(), this::measureAll);
      stopped.every(settings.stoppedInterval(), this::measureStopped);
    }
    if (disk.minFreeBytes() > 0) guarding.every(settings.guardInterval(), this::guard);
    return this;
  }

  @Override
  public void onNodeLost() {
    // Another node has nothing to take over: the next measurement covers all homes.
  }

  @Override
  public void close() {
    thread.close();
    stopped.close();
    guarding.close();
    passes.ifPresent(LastSuccess::close);
  }

  private void guard() {
    try {
      guard.check();
    } catch (RuntimeException why) {
      LOG.warn("event=disk-guard-failed", why);
    }
  }

  private void measureAll() {
    try {
      var running = homes.running();
      tooSlow.keySet().retainAll(running.stream().map(InstanceView::id).collect(toSet()));
      if (new Pass(limits.massLimit(running.size())).measure(running)) {
        passes.ifPresent(LastSuccess::succeeded);
      }
    } catch (RuntimeException why) {
      LOG.warn("event=disk-watch-failed", why);
    }
  }

  /** Only reports homes over the limit: a stopped agent writes nothing, and its next start ends. */
  private void measureStopped() {
    try {
      var _ =
          homes.forEach(
              homes.stopped(),
              view -> homes.measure(view).ifPresent(usage -> isOverLimit(view, usage)));
    } catch (RuntimeException why) {
      LOG.warn("event=disk-watch-failed", why);
    }
  }

  /** One measurement of all homes. */
  private final class Pass {
    private final Queue<InstanceView> late = new ConcurrentLinkedQueue<>();
    private final AtomicInteger ended = new AtomicInteger();
    private final AtomicBoolean failed = new AtomicBoolean();
    private final AtomicInteger left;

    /**
     * Creates a pass.
     *
     * @param most maximum number of agents that it stops
     */
    Pass(int most) {
      this.left = new AtomicInteger(most);
    }

    /** Returns whether no measurement failed. */
    boolean measure(List<InstanceView> running) {
      boolean complete = homes.forEach(running, this::measure);
      // If no other walk ended, the engine or the disk is slow, and not the home.
      if (ended.get() > 0) late.forEach(this::wasLate);
      return complete && !failed.get();
    }

    private void measure(InstanceView view) {
      try {
        var usage = homes.measure(view);
        usage.ifPresent(found -> check(view, found, this));
        if (usage.isPresent()) {
          ended.incrementAndGet();
          tooSlow.remove(view.id());
        }
      } catch (SandboxException why) {
        failed.set(true);
        LOG.warn("instance={} event=home-not-measured: {}", view.id(), why.getMessage());
        if (why.reason() == SandboxException.Reason.TIMED_OUT) late.add(view);
      }
    }

    private void wasLate(InstanceView view) {
      if (tooSlow.merge(view.id(), 1, Integer::sum) < MAX_LATE_WALKS) return;
      stop(
          view,
          must(
              "home",
              "be measurable, and %d walks through its files took too long; delete files, then recover"
                  .formatted(MAX_LATE_WALKS)));
    }

    private void stop(InstanceView view, String why) {
      if (left.getAndDecrement() > 0) DiskWatch.this.stop(view, why);
      else
        LOG.error("instance={} event=home-over-limit-later: the pass stopped its most", view.id());
    }
  }

  private void check(InstanceView view, HomeUsage usage, Pass pass) {
    var limit = settings.limit();
    // While the disk is almost full, growth counts from the last size before.
    if (!disk.isLow()) homes.remember(view, usage);
    if (isOverLimit(view, usage)) {
      pass.stop(
          view,
          must(
              "home",
              "take at most %d bytes and %d files; delete files, then recover"
                  .formatted(limit.bytes(), limit.files())));
    } else if (usage.bytes() > limit.bytes() / 100 * WARN_PERCENT) {
      LOG.warn("instance={} event=home-almost-full bytes={}", view.id(), usage.bytes());
    }
  }

  private boolean isOverLimit(InstanceView view, HomeUsage usage) {
    boolean over = usage.exceeds(settings.limit());
    if (over) {
      LOG.warn(
          "instance={} event=home-over-limit bytes={} files={}",
          view.id(),
          usage.bytes(),
          usage.files());
    }
    return over;
  }

  /** Stops an agent, and returns when its instance has processed the message. */
  private void stopAndConfirm(InstanceView view, String why) {
    stop(view, why);
    try {
      // An instance processes its messages in order.
      var _ = instances.ask(view.id(), InstanceCommand.Get::new).toCompletableFuture().join();
    } catch (CompletionException noReply) {
      LOG.warn("instance={} event=stop-not-confirmed why={}", view.id(), noReply.toString());
    }
  }

  private void stop(InstanceView view, String why) {
    instances.tell(
        view.id(),
        new InstanceCommand.Observed(
            view.attempt(),
            new ObservedState.DiskFull(why),
            new InstanceCommand.RestartPolicy(0, Duration.ZERO),
            clock.instant()));
  }
}
