package dev.chowder.reconcile;

import static dev.chowder.base.ErrorText.must;

import dev.chowder.base.RepeatingThread;
import dev.chowder.cluster.SingletonDuty;
import dev.chowder.instance.InstanceCommand;
import dev.chowder.instance.InstanceCommand.ObservedState;
import dev.chowder.instance.InstanceReadRows;
import dev.chowder.instance.InstanceStatus.Name;
import dev.chowder.instance.InstanceView;
import dev.chowder.instance.Instances;
import dev.chowder.sandbox.HomeUsage;
import dev.chowder.sandbox.Sandboxes;
import dev.chowder.settings.Section;
import dev.chowder.settings.Setting;
import dev.chowder.storage.InstanceRows;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Measures the home volumes of running agents at an interval, and reports volumes over the limit to
 * their instances, which decide what follows. Runs on one node of a cluster.
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
   * @param maxConcurrent maximum number of concurrent measurements
   * @param maxBatchSize maximum number of rows in one query
   */
  @Section("chowder.disk")
  public record Settings(
      @Setting("max-home-volume-size") long homeBytes,
      long maxFiles,
      Duration interval,
      int maxConcurrent,
      int maxBatchSize) {
    HomeUsage limit() {
      return new HomeUsage(homeBytes, maxFiles);
    }
  }

  private final Instances instances;
  private final InstanceRows rows;
  private final Sandboxes sandboxes;
  private final Settings settings;
  private final Clock clock;
  private final RepeatingThread thread = new RepeatingThread("disk-watch");

  public DiskWatch(
      Instances instances, InstanceRows rows, Sandboxes sandboxes, Settings settings, Clock clock) {
    this.instances = instances;
    this.rows = rows;
    this.sandboxes = sandboxes;
    this.settings = settings;
    this.clock = clock;
  }

  /** Starts to measure at the interval, until closed. */
  public DiskWatch start() {
    if (settings.limit().bytes() > 0) thread.every(settings.interval(), this::measureAll);
    return this;
  }

  @Override
  public void onNodeLost() {
    // Another node has nothing to take over: the next measurement covers all homes.
  }

  @Override
  public void close() {
    thread.close();
  }

  private void measureAll() {
    try {
      var _ = EachAlone.run("home", running(), settings.maxConcurrent(), this::measure);
    } catch (RuntimeException why) {
      LOG.warn("event=disk-watch-failed", why);
    }
  }

  private List<InstanceView> running() {
    var views = new ArrayList<InstanceView>();
    rows.forEachLive(
        settings.maxBatchSize(),
        row -> {
          var view = InstanceReadRows.view(row);
          if (view.status().isSteady() && view.status().now() == Name.RUNNING) views.add(view);
        });
    return views;
  }

  private void measure(InstanceView view) {
    var limit = settings.limit();
    var usage = sandboxes.of(view.id().value(), view.profile().home()).measure(limit);
    if (usage.isEmpty()) {
      LOG.warn("instance={} event=home-not-measured", view.id());
    } else if (usage.get().exceeds(limit)) {
      LOG.warn(
          "instance={} event=home-over-limit bytes={} files={}",
          view.id(),
          usage.get().bytes(),
          usage.get().files());
      instances.tell(
          view.id(),
          new InstanceCommand.Observed(
              view.attempt(),
              new ObservedState.DiskFull(
                  must(
                      "home",
                      "take at most %d bytes and %d files; delete files, then recover"
                          .formatted(limit.bytes(), limit.files()))),
              new InstanceCommand.RestartPolicy(0, Duration.ZERO),
              clock.instant()));
    } else if (usage.get().bytes() > limit.bytes() / 100 * WARN_PERCENT) {
      LOG.warn("instance={} event=home-almost-full bytes={}", view.id(), usage.get().bytes());
    }
  }
}
