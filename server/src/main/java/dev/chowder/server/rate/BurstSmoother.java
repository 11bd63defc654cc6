package dev.chowder.server.rate;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import dev.chowder.server.rate.RateSettings.Bound;
import io.github.bucket4j.Bucket;
import io.github.bucket4j.TimeMeter;
import java.time.Duration;

/**
 * Spreads the start of calls that one organization makes at once. Otherwise a burst would use all
 * processors until it is done, and calls of other organizations would wait. An organization that
 * makes few calls at a time is not delayed.
 */
final class BurstSmoother {
  private static final int AT_ONCE_OF_BURST = 10;

  /** The most that a mutating call counts for here, since most of its work follows the response. */
  private static final int MOST_FOR_A_CHANGE = 5;

  private final int atOnce;
  private final Bound calls;
  private final Duration spread;
  private final TimeMeter meter;
  private final Pause pause;
  private final Cache<String, Bucket> buckets;

  /** Waits until the turn of a call. */
  @FunctionalInterface
  interface Pause {
    void take(Duration time) throws InterruptedException;
  }

  /**
   * Creates a smoother for all organizations of a node.
   *
   * @param calls the rate limit of one organization; a tenth of its burst starts at once
   * @param spread time over which a full burst starts; no call waits longer; zero disables it
   */
  BurstSmoother(Bound calls, Duration spread, TimeMeter meter, Pause pause) {
    this.calls = calls;
    this.spread = spread;
    this.meter = meter;
    this.pause = pause;
    this.atOnce = Math.max(1, calls.burst() / AT_ONCE_OF_BURST);
    this.buckets =
        Caffeine.newBuilder()
            .maximumSize(calls.remembered())
            // A bucket is full again after this time, so a new one is equal.
            .expireAfterAccess(spread.multipliedBy(2).plusSeconds(1))
            .build();
  }

  /**
   * Waits until a call may start. While it waits, the call holds its virtual thread, its permit of
   * {@code OpenCallLimit} and its share of {@code OpenCallsOfOrganization}.
   *
   * @param cost the cost of the call without its response
   * @param weight the expected cost of its response
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
