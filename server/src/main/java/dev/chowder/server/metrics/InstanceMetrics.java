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
 * Gauges for the number of instances in each status and with a pending effect. A scrape counts
 * them, at most once in five seconds.
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
   * Registers the gauges {@code chowder_instances} (label {@code status}), {@code
   * chowder_effects_pending} (pending effects) and {@code chowder_effects_pending_oldest_seconds}
   * (age of the oldest pending effect).
   */
  public static void register(MeterRegistry registry, InstanceRows rows, InstantSource clock) {
    var metrics = new InstanceMetrics(rows, clock);
    gauge("chowder.effects.pending", Tags.empty(), metrics, m -> m.counts().pending().instances())
        .register(registry);
    gauge(
            "chowder.effects.pending.oldest.seconds",
            Tags.empty(),
            metrics,
            InstanceMetrics::pendingSeconds)
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

  /** Keeps a strong reference: no other object holds the source, so the gauges would become NaN. */
  private static Gauge.Builder<InstanceMetrics> gauge(
      String name, Tags tags, InstanceMetrics metrics, ToDoubleFunction<InstanceMetrics> value) {
    return Gauge.builder(name, metrics, value).tags(tags).strongReference(true);
  }

  private double pendingSeconds() {
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
