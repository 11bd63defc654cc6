package dev.chowder.server.call;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import dev.chowder.server.call.RateSettings.Bound;
import io.github.bucket4j.Bucket;
import io.github.bucket4j.TimeMeter;
import java.time.Duration;

/**
 * Begins calls of one organization that were let in together one after another: what came at once
 * would have the processors to itself until it is done, and others' calls would wait for that. Who
 * asks for little at a time waits for nothing.
 */
final class BurstSmoother {
  private static final int AT_ONCE_OF_BURST = 10;

  /** Calls that a change counts for here at most: most of what it costs comes after its answer. */
  private static final int MOST_FOR_A_CHANGE = 5;

  private final int atOnce;
  private final Bound calls;
  private final Duration spread;
  private final TimeMeter meter;
  private final Pause pause;
  private final Cache<String, Bucket> buckets;

  /** What a call does while it is not its turn. */
  @FunctionalInterface
  interface Pause {
    void take(Duration time) throws InterruptedException;
  }

  /**
   * Bounds how fast calls begin.
   *
   * @param spread over which a whole burst is begun, and no call waits longer; zero: at once
   */
  BurstSmoother(Bound calls, Duration spread) {
    this(calls, spread, RateLimit.METER, Thread::sleep);
  }

  BurstSmoother(Bound calls, Duration spread, TimeMeter meter, Pause pause) {
    this.calls = calls;
    this.spread = spread;
    this.meter = meter;
    this.pause = pause;
    this.atOnce = Math.max(1, calls.burst() / AT_ONCE_OF_BURST);
    this.buckets =
        Caffeine.newBuilder()
            .maximumSize(calls.remembered())
            // By then it is full again, so a new one is the same.
            .expireAfterAccess(spread.multipliedBy(2).plusSeconds(1))
            .build();
  }

  /**
   * Returns when a call may begin. Holds nothing but a virtual thread.
   *
   * @param cost of the call itself
   * @param weight that its answer will probably have
   */
  void await(String organization, int cost, int weight) {
    if (spread.isZero()) return;
    int now = Math.min(cost, MOST_FOR_A_CHANGE) + weight;
    long delay = bucket(organization).consumeIgnoringRateLimits(now);
    if (delay <= 0) return;
    try {
      pause.take(Duration.ofNanos(Math.min(delay, spread.toNanos())));
    } catch (InterruptedException end) {
      Thread.currentThread().interrupt();
    }
  }

  private Bucket bucket(String organization) {
    return buckets.get(
        organization,
        _ ->
            Bucket.builder()
                .withCustomTimePrecision(meter)
                .addLimit(limit -> limit.capacity(atOnce).refillGreedy(calls.burst(), spread))
                .build());
  }
}
