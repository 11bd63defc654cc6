package dev.chowder.server.call;

import static dev.chowder.base.ErrorText.cannot;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import dev.chowder.cluster.NodeContext;
import dev.chowder.server.error.ApiError;
import dev.chowder.storage.Database;
import dev.chowder.storage.EventByteRows;
import io.micrometer.core.instrument.Counter;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.time.ZoneOffset;
import java.time.temporal.ChronoUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Limits the bytes of events that callers of one organization cause in a day (UTC) by changes of
 * names, labels, configuration and settings. Events are never deleted, so this limits the growth of
 * the database. The count is in the database: it outlives a restart and holds for all nodes.
 * Blocks.
 */
public final class EventBytes {
  /** Bytes that an event takes in the database besides its texts, with its tags: an estimate. */
  public static final int OF_EVENT = 512;

  private static final Logger LOG = LoggerFactory.getLogger(EventBytes.class);

  private static final int MAX_WARNED = 10_000;

  private final EventByteRows rows;
  private final long maxBytes;
  private final InstantSource clock;
  private final Counter accepted;
  private final Counter refused;

  /** Organizations that a warning names already, so that rejected calls do not fill the log. */
  private final Cache<String, Boolean> warned =
      Caffeine.newBuilder().maximumSize(MAX_WARNED).expireAfterWrite(Duration.ofHours(1)).build();

  /**
   * Creates the limit.
   *
   * @param maxBytes bytes of one organization in a day
   */
  public EventBytes(Database database, long maxBytes, NodeContext node) {
    this.rows = new EventByteRows(database);
    this.maxBytes = maxBytes;
    this.clock = node.clock();
    var metrics = node.metrics();
    this.accepted =
        Counter.builder("chowder.event.bytes")
            .description("Bytes of events that callers caused by changes")
            .register(metrics);
    this.refused =
        Counter.builder("chowder.event.bytes.refusals")
            .description("Changes that were refused for the bytes of events of a day")
            .register(metrics);
  }

  /**
   * Counts a change before it is made. One that is rejected later stays counted.
   *
   * @param bytes bytes of the event's texts
   * @throws ApiError {@code RATE_LIMITED} if the organization has caused too many bytes today
   */
  public void charge(String organizationId, long bytes) {
    var now = clock.instant();
    long all = OF_EVENT + bytes;
    long day = now.atZone(ZoneOffset.UTC).toLocalDate().toEpochDay();
    if (rows.add(organizationId, day, all, maxBytes)) {
      accepted.increment((double) all);
      return;
    }
    refused.increment();
    if (warned.asMap().putIfAbsent(organizationId, true) == null) {
      LOG.warn("organization={} event=event-bytes-exceeded max_bytes={}", organizationId, maxBytes);
    }
    throw ApiError.rateLimited(
        cannot(
            "make the change",
            "the changes of this organization may take %d bytes of events a day (UTC)"
                .formatted(maxBytes),
            "retry after the time in Retry-After"),
        secondsToMidnight(now));
  }

  private static int secondsToMidnight(Instant now) {
    var midnight = now.truncatedTo(ChronoUnit.DAYS).plus(1, ChronoUnit.DAYS);
    return Math.toIntExact(Duration.between(now, midnight).toSeconds() + 1);
  }
}
