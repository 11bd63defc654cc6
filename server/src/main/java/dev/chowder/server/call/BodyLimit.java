package dev.chowder.server.call;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import com.typesafe.config.Config;
import dev.chowder.server.auth.RejectionDelay;
import dev.chowder.server.error.ApiError;
import io.github.bucket4j.Bucket;
import java.time.Duration;
import java.util.OptionalLong;
import java.util.concurrent.TimeUnit;

/**
 * Bounds the bytes of REST bodies that one organization has under way. Envoy holds each body until
 * it is complete, so without this limit one organization could fill Envoy's heap. Envoy reports
 * when a body begins and not when it is complete. So each organization has a token bucket of bytes:
 * what Envoy holds is at most the burst, plus what is refilled while a body may arrive.
 */
public final class BodyLimit {
  private static final Duration MARGIN = Duration.ofMinutes(1);

  private final Settings settings;
  private final RejectionDelay delay;
  private final Cache<String, Bucket> buckets;

  /**
   * The limits; {@code reference.conf} gives the reasons.
   *
   * @param bytesPerSecond of one organization on one node
   * @param burst bytes at once after a pause
   * @param requestBytes that Envoy needs for a request besides its body
   * @param maxBytes that Envoy takes of one body; a body of unknown length counts as this
   * @param organizations whose buckets are remembered
   */
  public record Settings(
      long bytesPerSecond, long burst, long requestBytes, long maxBytes, int organizations) {
    public Settings {
      if (burst < requestBytes + maxBytes) {
        throw new IllegalArgumentException(
            "chowder.bodies.burst: must be at least %d, so that one body is taken; got %d"
                .formatted(requestBytes + maxBytes, burst));
      }
    }

    /** Reads {@code chowder.bodies}. */
    public static Settings of(Config root) {
      var config = root.getConfig("chowder.bodies");
      return new Settings(
          config.getBytes("bytes-per-second"),
          config.getBytes("burst"),
          config.getBytes("request-bytes"),
          config.getBytes("max-bytes"),
          config.getInt("organizations"));
    }
  }

  /** Creates one for a node, whose rejections are delayed by {@code delay}. */
  public BodyLimit(Settings settings, RejectionDelay delay) {
    this.settings = settings;
    this.delay = delay;
    this.buckets =
        Caffeine.newBuilder()
            .maximumSize(settings.organizations())
            // A bucket is full again after that time, so a new one is equal.
            .expireAfterAccess(
                Duration.ofSeconds(settings.burst() / settings.bytesPerSecond()).plus(MARGIN))
            .build();
  }

  /**
   * Admits a body.
   *
   * @param length in bytes, as its client announces it or Envoy takes at most; empty if unknown
   * @throws ApiError {@code RATE_LIMITED} after a delay, if the organization has too many bytes
   *     under way
   */
  public void admit(String organizationId, OptionalLong length) {
    long bytes = Math.min(Math.max(length.orElse(settings.maxBytes()), 0), settings.maxBytes());
    var bucket = buckets.get(organizationId, _ -> bucket());
    var probe = bucket.tryConsumeAndReturnRemaining(bytes + settings.requestBytes());
    if (probe.isConsumed()) return;
    delay.await();
    throw ApiError.rateLimited(
        "cannot take more bodies of this organization: the limit is %d bytes per second; retry later"
            .formatted(settings.bytesPerSecond()),
        (int) TimeUnit.NANOSECONDS.toSeconds(probe.getNanosToWaitForRefill()) + 1);
  }

  private Bucket bucket() {
    return Bucket.builder()
        .withCustomTimePrecision(RateLimit.METER)
        .addLimit(
            limit ->
                limit
                    .capacity(settings.burst())
                    .refillGreedy(settings.bytesPerSecond(), Duration.ofSeconds(1)))
        .build();
  }
}
