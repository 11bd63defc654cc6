package dev.chowder.cluster;

import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;

/**
 * Measures how long ago a duty last succeeded, with the gauge {@code
 * chowder_duty_last_success_seconds}. The node that gets the duty counts from its beginning.
 */
public final class LastSuccess implements AutoCloseable {
  private final MeterRegistry metrics;
  private final Gauge gauge;
  private volatile long at = System.nanoTime();

  /** Registers the gauge of a duty. */
  public LastSuccess(String duty, MeterRegistry metrics) {
    this.metrics = metrics;
    this.gauge =
        Gauge.builder("chowder.duty.last.success.seconds", this, LastSuccess::seconds)
            .description("Seconds since the last pass of a duty without a failure")
            .tag("duty", duty)
            .register(metrics);
  }

  /** Records that a pass succeeded now. */
  public void succeeded() {
    at = System.nanoTime();
  }

  private double seconds() {
    return (System.nanoTime() - at) / 1e9;
  }

  /** Removes the gauge. The next node has it, and a stale one on this node would be wrong. */
  @Override
  public void close() {
    metrics.remove(gauge);
  }
}
