package dev.chowder.server.metrics;

import dev.chowder.instance.InstanceStatus;
import dev.chowder.storage.InstanceRows;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Tags;
import java.time.Duration;
import java.time.InstantSource;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.ToDoubleFunction;

/**
 * How many instances there are of each status, and how many the outside world owes something,
 * counted when somebody looks, at most once in five seconds.
 */
public final class InstanceMetrics {
  private static final long FRESH_NANOS = 5_000_000_000L;

  private final InstanceRows rows;
  private final InstantSource clock;
  private final AtomicReference<Counts> counts =
      new AtomicReference<>(
          new Counts(Map.of(), new InstanceRows.PendingWork(0, Optional.empty())));
  private final AtomicLong countedAt = new AtomicLong(System.nanoTime() - FRESH_NANOS);

  private record Counts(Map<String, Integer> byStatus, InstanceRows.PendingWork pending) {}

  private InstanceMetrics(InstanceRows rows, InstantSource clock) {
    this.rows = rows;
    this.clock = clock;
  }

  /**
   * Adds the gauges {@code chowder_instances} with its label {@code status}, {@code
   * chowder_instances_owed} and {@code chowder_instances_owed_seconds}: how long the first of those
   * has waited.
   */
  public static void register(MeterRegistry registry, InstanceRows rows, InstantSource clock) {
    var metrics = new InstanceMetrics(rows, clock);
    gauge("chowder.instances.owed", Tags.empty(), metrics, m -> m.counts().pending().instances())
        .register(registry);
    gauge("chowder.instances.owed.seconds", Tags.empty(), metrics, InstanceMetrics::owedSeconds)
        .register(registry);
    for (var status : InstanceStatus.Name.values()) {
      if (status == InstanceStatus.Name.TERMINATED) continue;
      gauge(
              "chowder.instances",
              Tags.of("status", status.label()),
              metrics,
              m -> m.counts().byStatus().getOrDefault(status.label(), 0))
          .register(registry);
    }
  }

  /** Nobody else keeps the figures' source: without a strong reference they are soon NaN. */
  private static Gauge.Builder<InstanceMetrics> gauge(
      String name, Tags tags, InstanceMetrics metrics, ToDoubleFunction<InstanceMetrics> figure) {
    return Gauge.builder(name, metrics, figure).tags(tags).strongReference(true);
  }

  private double owedSeconds() {
    var since = counts().pending().since();
    return since.isEmpty()
        ? 0
        : Math.max(0, Duration.between(since.get(), clock.instant()).toMillis() / 1000.0);
  }

  private Counts counts() {
    long last = countedAt.get();
    if (System.nanoTime() - last > FRESH_NANOS
        && countedAt.compareAndSet(last, System.nanoTime())) {
      counts.set(new Counts(rows.countByStatus(), rows.pending()));
    }
    return counts.get();
  }
}
