package dev.chowder.server.rate;

import static dev.chowder.base.ErrorText.cannot;
import static dev.chowder.base.ErrorText.must;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import dev.chowder.server.auth.RejectionDelay;
import dev.chowder.server.error.ApiError;
import dev.chowder.settings.Section;
import dev.chowder.settings.Setting;
import io.github.bucket4j.Bucket;
import java.time.Duration;
import java.util.OptionalLong;
import java.util.concurrent.TimeUnit;

/**
 * Bounds the bytes of REST bodies of one organization that Envoy holds. Envoy holds each body until
 * it is complete, so without this limit one organization could fill Envoy's heap. Envoy reports the
 * start of a body, but not its end. So each organization has a token bucket of bytes. Envoy holds
 * at most the burst, plus what is refilled while a body may arrive.
 */
public final class BodyLimit {
  private static final Duration MARGIN = Duration.ofMinutes(1);

  private final Settings settings;
  private final RejectionDelay delay;
  private final Cache<String, Bucket> buckets;

  /**
   * The limits. {@code reference.conf} gives the reasons.
   *
   * @param bytesPerSecond limit of one organization on one node
   * @param burst bytes at once after a pause
   * @param requestBytes bytes that Envoy needs for a request besides its body
   * @param maxBytes limit of one body; a body of unknown length counts as this
   * @param maxOrganizations maximum number of buckets that are kept
   */
  @Section("chowder.bodies")
  public record Settings(
      long bytesPerSecond,
      @Setting(size = true) long burst,
      long requestBytes,
      long maxBytes,
      int maxOrganizations) {
    public Settings {
      if (burst < requestBytes + maxBytes) {
        throw new IllegalArgumentException(
            must(
                "chowder.bodies.burst",
                "be at least %d, which one body needs".formatted(requestBytes + maxBytes),
                burst));
      }
    }
  }

  /** Creates the limit of a node. {@code delay} delays its rejections. */
  public BodyLimit(Settings settings, RejectionDelay delay) {
    this.settings = settings;
    this.delay = delay;
    this.buckets =
        Caffeine.newBuilder()
            .maximumSize(settings.maxOrganizations())
            // A bucket is full again after that time, so a new one is equal.
            .expireAfterAccess(
                Duration.ofSeconds(settings.burst() / settings.bytesPerSecond()).plus(MARGIN))
            .build();
  }

  /**
   * Admits a body.
   *
   * @param length bytes that the client announced, or the most that Envoy accepts; empty if unknown
   * @throws ApiError {@code RATE_LIMITED} after a delay, if the organization sends too many bytes
   */
  public void admit(String organizationId, OptionalLong length) {
    long bytes = Math.min(Math.max(length.orElse(settings.maxBytes()), 0), settings.maxBytes());
    var bucket = buckets.get(organizationId, _ -> bucket());
    var probe = bucket.tryConsumeAndReturnRemaining(bytes + settings.requestBytes());
    if (probe.isConsumed()) return;
    delay.await();
    throw ApiError.rateLimited(
        cannot(
            "accept the body",
            "this organization sends more than %d bytes per second, its limit"
                .formatted(settings.bytesPerSecond()),
            "retry later"),
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
