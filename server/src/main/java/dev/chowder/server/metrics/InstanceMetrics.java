package dev.chowder.server.metrics;

import dev.chowder.instance.InstanceStatus;
import dev.chowder.storage.InstanceRows;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Tags;
import java.util.Map;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;

/**
 * How many instances there are of each status, counted when somebody looks, at most once in five
 * seconds.
 */
public final class InstanceMetrics {
  private static final long FRESH_NANOS = 5_000_000_000L;

  private final InstanceRows rows;
  private final AtomicReference<Map<String, Integer>> counts = new AtomicReference<>(Map.of());
  private final AtomicLong countedAt = new AtomicLong(System.nanoTime() - FRESH_NANOS);

  private InstanceMetrics(InstanceRows rows) {
    this.rows = rows;
  }

  /** Adds the gauge {@code chowder_instances} with its label {@code status}. */
  public static void register(MeterRegistry registry, InstanceRows rows) {
    var metrics = new InstanceMetrics(rows);
    for (var status : InstanceStatus.Name.values()) {
      if (status == InstanceStatus.Name.TERMINATED) continue;
      registry.gauge(
          "chowder.instances",
          Tags.of("status", status.label()),
          metrics,
          m -> m.count(status.label()));
    }
  }

  private int count(String status) {
    long last = countedAt.get();
    if (System.nanoTime() - last > FRESH_NANOS
        && countedAt.compareAndSet(last, System.nanoTime())) {
      counts.set(rows.countByStatus());
    }
    return counts.get().getOrDefault(status, 0);
  }
}
