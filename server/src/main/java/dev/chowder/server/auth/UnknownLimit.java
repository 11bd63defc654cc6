package dev.chowder.server.auth;

import static dev.chowder.base.ErrorText.cannot;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import dev.chowder.server.error.ApiError;
import io.github.bucket4j.Bucket;
import io.github.bucket4j.TimeMeter;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;

/**
 * Looks up values that unauthenticated clients choose, such as keys and host names, and bounds the
 * cost of unknown ones. Unknown values are cached for a short time, and each client address has a
 * token bucket of attempts. A value that was found before uses no attempt, so that its caller is
 * served even from an exhausted address. All memory is bounded.
 *
 * @param <V> type of the value; it stays in memory, so use a hash of secrets
 */
public final class UnknownLimit<V> {
  /** A wall clock that is set back would stop buckets from filling. */
  private static final TimeMeter METER = TimeMeter.SYSTEM_NANOTIME;

  private static final Duration MARGIN = Duration.ofMinutes(1);

  private final TimeMeter meter;
  private final String what;
  private final UnknownSettings settings;
  private final RejectionDelay delay;
  private final Cache<V, Boolean> unknown;
  private final Cache<V, Boolean> existed;
  private final Cache<String, Bucket> attempts;

  /**
   * Creates the limit for one kind of value.
   *
   * @param what the kind in plural, for error messages
   */
  public UnknownLimit(String what, UnknownSettings settings, RejectionDelay delay) {
    this(what, settings, delay, METER);
  }

  UnknownLimit(String what, UnknownSettings settings, RejectionDelay delay, TimeMeter meter) {
    this.meter = meter;
    this.what = what;
    this.settings = settings;
    this.delay = delay;
    this.unknown =
        Caffeine.newBuilder()
            .maximumSize(settings.values())
            .expireAfterWrite(settings.cacheMaxAge())
            .ticker(meter::currentTimeNanos)
            .build();
    this.existed = Caffeine.newBuilder().maximumSize(settings.values()).build();
    this.attempts =
        Caffeine.newBuilder()
            .maximumSize(settings.addresses())
            // A bucket is full again after that time, so a new one is equal.
            .expireAfterAccess(
                Duration.ofSeconds(settings.burst() / settings.perSecond()).plus(MARGIN))
            .build();
  }

  /**
   * Returns what {@code lookup} finds, or empty if the value is unknown.
   *
   * @param address of the client, as {@link ClientAddress} names it
   * @throws ApiError {@code RATE_LIMITED} if the address tried too many unknown values
   */
  public <T> Optional<T> find(String address, V value, Supplier<Optional<T>> lookup) {
    if (unknown.getIfPresent(value) != null) {
      take(address);
      return Optional.empty();
    }
    boolean free = existed.getIfPresent(value) != null;
    if (!free) take(address);
    boolean counts = false;
    try {
      var found = lookup.get();
      if (found.isPresent()) {
        existed.put(value, true);
      } else {
        counts = true;
        existed.invalidate(value);
        unknown.put(value, true);
      }
      return found;
    } finally {
      if (!free && !counts) bucket(address).addTokens(1);
    }
  }

  /**
   * Counts an attempt that needs no lookup. Returns after a delay if the address has no attempts
   * left.
   */
  void count(String address) {
    if (!bucket(address).tryConsume(1)) delay.await();
  }

  private void take(String address) {
    var probe = bucket(address).tryConsumeAndReturnRemaining(1);
    if (probe.isConsumed()) return;
    delay.await();
    throw ApiError.rateLimited(
        cannot(
            "check more unknown " + what + " from this address",
            "the limit is %d per second".formatted(settings.perSecond()),
            "retry later"),
        (int) TimeUnit.NANOSECONDS.toSeconds(probe.getNanosToWaitForRefill()) + 1);
  }

  private Bucket bucket(String address) {
    return attempts.get(
        address,
        _ ->
            Bucket.builder()
                .withCustomTimePrecision(meter)
                .addLimit(
                    limit ->
                        limit
                            .capacity(settings.burst())
                            .refillGreedy(settings.perSecond(), Duration.ofSeconds(1)))
                .build());
  }
}
