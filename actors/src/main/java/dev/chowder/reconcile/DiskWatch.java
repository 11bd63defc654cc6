package dev.chowder.reconcile;

import static dev.chowder.base.ErrorText.must;

import dev.chowder.admission.HostDisk;
import dev.chowder.base.RepeatingThread;
import dev.chowder.cluster.SingletonDuty;
import dev.chowder.instance.InstanceCommand;
import dev.chowder.instance.InstanceCommand.ObservedState;
import dev.chowder.instance.InstanceView;
import dev.chowder.instance.Instances;
import dev.chowder.sandbox.HomeUsage;
import dev.chowder.settings.Section;
import dev.chowder.settings.Setting;
import java.time.Clock;
import java.time.Duration;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Measures the home volumes of running agents at an interval, and reports volumes over the limit to
 * their instances, which decide what follows. Also starts {@link DiskGuard}. Runs on one node of a
 * cluster.
 */
public final class DiskWatch implements SingletonDuty.Duty {
  private static final Logger LOG = LoggerFactory.getLogger(DiskWatch.class);
  private static final int WARN_PERCENT = 90;

  /**
   * Limits of home volumes; {@code reference.conf} describes each.
   *
   * @param homeBytes maximum size of a home volume; 0 disables measuring
   * @param maxFiles maximum number of its files and folders
   * @param interval time between two measurements of all volumes
   * @param guardInterval time between two checks whether the host's disk is almost full
   * @param maxConcurrent maximum number of concurrent measurements
   * @param maxBatchSize maximum number of rows in one query
   */
  @Section("chowder.disk")
  public record Settings(
      @Setting("max-home-volume-size") long homeBytes,
      long maxFiles,
      Duration interval,
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
  private final Clock clock;
  private final DiskGuard guard;
  private final RepeatingThread thread = new RepeatingThread("disk-watch");
  private final RepeatingThread guarding = new RepeatingThread("disk-full-watch");

  public DiskWatch(
      HomeSizes homes,
      HostDisk disk,
      Instances instances,
      Settings settings,
      ReconcilerSettings limits,
      Clock clock) {
    this.homes = homes;
    this.disk = disk;
    this.instances = instances;
    this.settings = settings;
    this.clock = clock;
    this.guard = new DiskGuard(homes, disk, limits, this::stop);
  }

  /** Starts to measure at the interval, until closed. */
  public DiskWatch start() {
    if (settings.homeBytes() > 0) thread.nowAndEvery(settings.interval(), this::measureAll);
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
    guarding.close();
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
      homes.forEach(homes.running(), this::measure);
    } catch (RuntimeException why) {
      LOG.warn("event=disk-watch-failed", why);
    }
  }

  private void measure(InstanceView view) {
    homes.measure(view).ifPresent(usage -> check(view, usage));
  }

  private void check(InstanceView view, HomeUsage usage) {
    var limit = settings.limit();
    // While the disk is almost full, growth counts from the last size before.
    if (!disk.isLow()) homes.remember(view, usage);
    if (usage.exceeds(limit)) {
      LOG.warn(
          "instance={} event=home-over-limit bytes={} files={}",
          view.id(),
          usage.bytes(),
          usage.files());
      stop(
          view,
          must(
              "home",
              "take at most %d bytes and %d files; delete files, then recover"
                  .formatted(limit.bytes(), limit.files())));
    } else if (usage.bytes() > limit.bytes() / 100 * WARN_PERCENT) {
      LOG.warn("instance={} event=home-almost-full bytes={}", view.id(), usage.bytes());
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
