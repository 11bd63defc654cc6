package dev.chowder.server.idempotency;

import dev.chowder.actor.Failpoints;
import dev.chowder.actor.Ids;
import dev.chowder.server.error.ApiError;
import dev.chowder.storage.IdempotencyRows;
import dev.chowder.storage.IdempotencyRows.CallKey;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The right to make one keyed call, from its row to its one end. Lost when its lease is. */
final class Claim {
  private static final Logger LOG = LoggerFactory.getLogger(Claim.class);

  private final IdempotencyRows rows;
  private final IdempotencyRows.Claimed claimed;
  private final boolean takenOver;
  private final Consumer<Optional<Answer>> onEnd;
  private final AtomicBoolean ended = new AtomicBoolean();
  private volatile String resourceId;

  /**
   * A claim on a row that is there.
   *
   * @param takenOver from a maker who never came to an answer
   * @param onEnd told once, with what those who wait may have
   */
  Claim(
      IdempotencyRows rows,
      IdempotencyRows.Claimed claimed,
      String resourceId,
      boolean takenOver,
      Consumer<Optional<Answer>> onEnd) {
    this.rows = rows;
    this.claimed = claimed;
    this.resourceId = resourceId;
    this.takenOver = takenOver;
    this.onEnd = onEnd;
  }

  String resourceId() {
    return resourceId;
  }

  boolean isTakenOver() {
    return takenOver;
  }

  String renewResource() {
    var next = Ids.next();
    if (!rows.nameResource(claimed.call(), claimed.claim(), next)) throw Idempotency.inProgress();
    resourceId = next;
    return next;
  }

  /** Keeps the answer, and only then lets anybody have it. */
  void answered(Answer answer) {
    end(
        Optional.of(answer),
        () -> {
          Failpoints.hit("idempotency.answer" + Failpoints.BEFORE);
          if (!rows.answer(claimed.call(), claimed.claim(), Answer.toRow(answer))) {
            LOG.warn(
                "rpc={} organization={} an answer came after another call with its key took over",
                claimed.call().rpc(),
                claimed.call().organizationId());
          }
          Failpoints.hit("idempotency.answer" + Failpoints.AFTER);
        });
  }

  /** Nothing came of it: whoever waits is told so, whoever comes later tries anew. */
  void forgotten(ApiError why) {
    end(Optional.of(new Answer.Refusal(why)), () -> rows.remove(claimed.call(), claimed.claim()));
  }

  /** Something may have come of it: the row and its id stay, for the next one to find out. */
  void abandoned(Optional<ApiError> why) {
    end(why.map(Answer.Refusal::new), () -> rows.letGo(claimed.call(), claimed.claim()));
  }

  private void end(Optional<Answer> answer, Runnable write) {
    if (!ended.compareAndSet(false, true)) return;
    try {
      write.run();
    } catch (RuntimeException why) {
      // The caller gets its answer all the same; a repetition takes over when the lease is over.
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
