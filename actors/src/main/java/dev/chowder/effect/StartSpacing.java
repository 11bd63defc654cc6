package dev.chowder.effect;

import java.time.Duration;
import java.util.function.LongSupplier;

/** Spaces starts that could all begin at once. Does not know what starts. */
final class StartSpacing {
  private final long spacingNanos;
  private final LongSupplier nanos;
  private long next;

  /**
   * Creates the spacing, without a previous start.
   *
   * @param nanos monotonic clock in nanoseconds
   */
  StartSpacing(Duration spacing, LongSupplier nanos) {
    this.spacingNanos = spacing.toNanos();
    this.nanos = nanos;
    this.next = nanos.getAsLong();
  }

  /** Reserves the next start; returns its delay, which is 0 if the last start is long ago. */
  synchronized Duration untilNext() {
    long now = nanos.getAsLong();
    long mine = next - now > 0 ? next : now;
    next = mine + spacingNanos;
    return Duration.ofNanos(mine - now);
  }
}
