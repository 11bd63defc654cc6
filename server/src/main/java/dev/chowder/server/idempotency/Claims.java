package dev.chowder.server.idempotency;

import static dev.chowder.base.ErrorText.must;

import com.google.protobuf.ByteString;
import dev.chowder.api.v1.Reason;
import dev.chowder.base.Failpoints;
import dev.chowder.base.Ids;
import dev.chowder.server.error.ApiError;
import dev.chowder.storage.IdempotencyRows;
import dev.chowder.storage.IdempotencyRows.CallKey;
import dev.chowder.storage.IdempotencyRows.Claimed;
import dev.chowder.storage.IdempotencyRows.Row;
import java.time.Duration;
import java.time.InstantSource;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Ensures that one call with a key is performed, on all nodes. The row in the database decides,
 * with its claim and lease. Memory only saves queries: of concurrent duplicates on a node, one
 * queries the database and the others wait.
 *
 * <p>Two calls can run at once if a lease expires too early. That does no harm, because both create
 * their resource under the id of the row, and only one of them can still change the row.
 */
public final class Claims implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(Claims.class);

  private final IdempotencyRows rows;
  private final IdempotencySettings settings;
  private final InstantSource clock;
  private final Failpoints failpoints;
  private final Map<CallKey, LocalCall> localCalls = new ConcurrentHashMap<>();

  /** The claims of this node, with the monotonic time since when they are held. */
  private final Map<Claimed, Long> held = new ConcurrentHashMap<>();

  /** Not a {@code RepeatingThread}, because a long deletion checks whether it was shut down. */
  private final ScheduledExecutorService timer =
      Executors.newSingleThreadScheduledExecutor(
          Thread.ofPlatform().daemon().name("idempotency-clock").factory());

  /** Creates the claims of a node. Renews leases and deletes expired rows until closed. */
  public Claims(
      IdempotencyRows rows,
      IdempotencySettings settings,
      InstantSource clock,
      Failpoints failpoints) {
    this.rows = rows;
    this.settings = settings;
    this.clock = clock;
    this.failpoints = failpoints;
    every(settings.leaseTimeout().dividedBy(3), this::renew);
    every(settings.cleanupInterval(), this::deleteExpired);
  }

  /** The decision about a call: perform it, or return a stored result. */
  sealed interface Decision {
    record Perform(Claim claim) implements Decision {}

    record Replay(Answer answer) implements Decision {}
  }

  /** A call in progress on this node. */
  private record LocalCall(ByteString digest, CompletableFuture<Optional<Answer>> end) {}

  /**
   * Claims the call, or waits for the result of the call that has the claim.
   *
   * @throws ApiError {@code IDEMPOTENCY_KEY_REUSED} if the key was used with another request,
   *     {@code IN_PROGRESS} if the result does not come in time
   */
  Decision take(CallKey call, ByteString digest) {
    long deadline = System.nanoTime() + settings.resultTimeout().toNanos();
    while (true) {
      var localCall = new LocalCall(digest, new CompletableFuture<>());
      var other = localCalls.putIfAbsent(call, localCall);
      if (other == null) return claimFirst(call, localCall, deadline);
      if (!other.digest().equals(digest)) throw reused();
      var answer = await(other, deadline);
      // Without a result, the first call that comes continues where that call ended.
      if (answer.isPresent()) return new Decision.Replay(answer.get());
    }
  }

  private static Optional<Answer> await(LocalCall other, long deadline) {
    try {
      return other.end().get(Math.max(0, deadline - System.nanoTime()), TimeUnit.NANOSECONDS);
    } catch (TimeoutException e) {
      throw ApiError.inProgress();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw ApiError.cancelled();
    } catch (ExecutionException e) {
      throw new IllegalStateException("a call in progress never completes with an exception", e);
    }
  }

  private Decision claimFirst(CallKey call, LocalCall localCall, long deadline) {
    Optional<Answer> known = Optional.empty();
    boolean performs = false;
    try {
      var decision = decide(call, localCall, deadline);
      switch (decision) {
        case Decision.Perform _ -> performs = true;
        case Decision.Replay(var answer) -> known = Optional.of(answer);
      }
      return decision;
    } finally {
      if (!performs) finish(call, localCall, known);
    }
  }

  private void finish(CallKey call, LocalCall localCall, Optional<Answer> answer) {
    localCalls.remove(call, localCall);
    localCall.end().complete(answer);
  }

  private Decision decide(CallKey call, LocalCall localCall, long deadline) {
    for (boolean first = true; ; first = false) {
      var now = clock.instant();
      var claimed = new Claimed(call, Ids.next());
      if (first || rows.get(call, now).isEmpty()) {
        var row =
            new Row(
                localCall.digest(),
                Ids.next(),
                claimed.claim(),
                now.plus(settings.leaseTimeout()),
                Optional.empty());
        if (rows.insert(call, row, now.plus(settings.retention()))) {
          failpoints.hit("idempotency.claim" + Failpoints.AFTER);
          return perform(claimed, row.resourceId(), false, localCall);
        }
      }
      var existing = rows.get(call, now);
      if (existing.isEmpty()) {
        rows.removeExpired(call, now);
        continue;
      }
      var row = existing.get();
      if (!row.digest().equals(localCall.digest())) throw reused();
      if (row.answer().isPresent()) {
        return new Decision.Replay(Answer.of(row.answer().get(), row.resourceId()));
      }
      if (!row.leaseUntil().isAfter(now)
          && rows.takeOver(
              call, row.claim(), claimed.claim(), now, now.plus(settings.leaseTimeout()))) {
        return perform(claimed, row.resourceId(), true, localCall);
      }
      pause(deadline);
    }
  }

  private Decision perform(
      Claimed claimed, String resourceId, boolean takenOver, LocalCall localCall) {
    held.put(claimed, System.nanoTime());
    return new Decision.Perform(
        new Claim(
            rows,
            claimed,
            resourceId,
            takenOver,
            failpoints,
            answer -> {
              held.remove(claimed);
              finish(claimed.call(), localCall, answer);
            }));
  }

  private void pause(long deadline) {
    if (System.nanoTime() >= deadline) throw ApiError.inProgress();
    try {
      Thread.sleep(settings.pollInterval());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw ApiError.cancelled();
    }
  }

  /** Renews each lease of which a third has passed. Most calls end earlier. */
  private void renew() {
    long now = System.nanoTime();
    long due = settings.leaseTimeout().dividedBy(3).toNanos();
    var old =
        held.entrySet().stream()
            .filter(entry -> now - entry.getValue() >= due)
            .map(Map.Entry::getKey)
            .toList();
    rows.extend(old, clock.instant().plus(settings.leaseTimeout()));
  }

  private void deleteExpired() {
    int removed;
    do {
      removed = rows.deleteExpired(clock.instant(), settings.maxBatchSize());
    } while (removed == settings.maxBatchSize() && !timer.isShutdown());
  }

  private void every(Duration interval, Runnable work) {
    var _ =
        timer.scheduleWithFixedDelay(
            () -> {
              try {
                work.run();
              } catch (RuntimeException | Error why) {
                // For example, the database is unavailable. The next run repeats the work.
                LOG.warn("cannot renew or delete idempotency keys: {}", why.toString());
              }
            },
            interval.toMillis(),
            interval.toMillis(),
            TimeUnit.MILLISECONDS);
  }

  private static ApiError reused() {
    return ApiError.of(
        Reason.IDEMPOTENCY_KEY_REUSED,
        must(Idempotency.HEADER_NAME, "be a new key, or come with the request of its first use"));
  }

  @Override
  public void close() {
    timer.shutdownNow();
  }
}
