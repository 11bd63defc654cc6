package dev.chowder.server.idempotency;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.chowder.base.Failpoints;
import dev.chowder.server.error.ApiError;
import dev.chowder.storage.IdempotencyRows;
import dev.chowder.storage.IdempotencyRows.CallKey;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The right to perform one keyed call. It ends once, or when its lease expires. */
final class Claim {
  private static final Logger LOG = LoggerFactory.getLogger(Claim.class);

  private final IdempotencyRows rows;
  private final IdempotencyRows.Claimed claimed;
  private final boolean takenOver;
  private final Failpoints failpoints;
  private final Consumer<Optional<Answer>> onEnd;
  private final AtomicBoolean ended = new AtomicBoolean();
  private volatile String resourceId;

  /**
   * Creates a claim on an existing row.
   *
   * @param takenOver whether another call held the claim and ended without a result
   * @param onEnd called once, with the result for calls that wait; empty if there is none
   */
  Claim(
      IdempotencyRows rows,
      IdempotencyRows.Claimed claimed,
      String resourceId,
      boolean takenOver,
      Failpoints failpoints,
      Consumer<Optional<Answer>> onEnd) {
    this.rows = rows;
    this.claimed = claimed;
    this.resourceId = resourceId;
    this.takenOver = takenOver;
    this.failpoints = failpoints;
    this.onEnd = onEnd;
  }

  String resourceId() {
    return resourceId;
  }

  boolean isTakenOver() {
    return takenOver;
  }

  void setResource(String id) {
    failpoints.hit("idempotency.resource" + Failpoints.BEFORE);
    if (!rows.setResourceId(claimed.call(), claimed.claim(), id)) throw ApiError.inProgress();
    failpoints.hit("idempotency.resource" + Failpoints.AFTER);
    resourceId = id;
  }

  /** Returns an id that all calls with this key have. */
  String requestId() {
    var call = claimed.call();
    var name = String.join("\n", call.organizationId(), call.rpc(), call.key());
    return UUID.nameUUIDFromBytes(name.getBytes(UTF_8)).toString();
  }

  /** Stores the result, and then passes it to calls that wait. */
  void answered(Answer answer) {
    end(
        Optional.of(answer),
        () -> {
          failpoints.hit("idempotency.answer" + Failpoints.BEFORE);
          if (!rows.answer(claimed.call(), claimed.claim(), Answer.toRow(answer))) {
            LOG.warn(
                "rpc={} organization={} a result came after another call with its key took over",
                claimed.call().rpc(),
                claimed.call().organizationId());
          }
          failpoints.hit("idempotency.answer" + Failpoints.AFTER);
        });
  }

  /**
   * Ends a call that changed nothing. Calls that wait get the error, and later calls start again.
   */
  void forgotten(ApiError why) {
    end(Optional.of(new Answer.Refusal(why)), () -> rows.remove(claimed.call(), claimed.claim()));
  }

  /** Ends a call that may have changed something. The row and its id stay for the next call. */
  void abandoned(Optional<ApiError> why) {
    end(why.map(Answer.Refusal::new), () -> rows.endLease(claimed.call(), claimed.claim()));
  }

  private void end(Optional<Answer> answer, Runnable write) {
    if (!ended.compareAndSet(false, true)) return;
    try {
      write.run();
    } catch (RuntimeException why) {
      // The caller still gets its response. A repeated call takes over when the lease expires.
      LOG.warn(
          "rpc={} organization={} the outcome of a call with a key was not stored: {}",
          claimed.call().rpc(),
          claimed.call().organizationId(),
          why.toString());
    } finally {
      onEnd.accept(answer);
    }
  }

  IdempotencyRows.Claimed claimed() {
    return claimed;
  }

  CallKey call() {
    return claimed.call();
  }
}
