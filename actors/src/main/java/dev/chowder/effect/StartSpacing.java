package dev.chowder.effect;

import java.time.Duration;
import java.util.function.LongSupplier;

/** Keeps a distance between starts that could all begin at once. Knows nothing of what starts. */
final class StartSpacing {
  private final long spacingNanos;
  private final LongSupplier nanos;
  private long next;

  /** {@code nanos} is a monotonic clock in nanoseconds. */
  StartSpacing(Duration spacing, LongSupplier nanos) {
    this.spacingNanos = spacing.toNanos();
    this.nanos = nanos;
    this.next = nanos.getAsLong();
  }

  /** Returns how long the caller waits before it starts; zero if the last start is long ago. */
  synchronized Duration untilNext() {
    long now = nanos.getAsLong();
    long mine = next - now > 0 ? next : now;
    next = mine + spacingNanos;
    return Duration.ofNanos(mine - now);
  }
}
