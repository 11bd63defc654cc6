package dev.chowder.rows;

import dev.chowder.base.Ids;
import dev.chowder.storage.ReadModelAudit;
import java.util.List;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.function.Function;
import java.util.stream.Gatherers;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A kind of entities that write read-model rows, and the means to refresh these rows.
 *
 * @param name plural name in logs, such as {@code instances}
 * @param storeView makes the entity with this id write its row again, even if the row looks
 *     correct; returns whether the entity has a row
 */
public record RowKind(
    String name, ReadModelAudit rows, Function<String, CompletionStage<Boolean>> storeView) {
  private static final Logger LOG = LoggerFactory.getLogger(RowKind.class);

  /** The result of a request to an entity. */
  enum Outcome {
    STORED,
    HAS_NONE,
    NO_ANSWER
  }

  record Result(String id, Outcome outcome) {}

  /**
   * Makes these entities write their rows. An entity that does not reply does not block the others.
   *
   * @param atOnce maximum number of concurrent requests
   */
  List<Result> refresh(List<String> ids, int atOnce) {
    return ids.stream().gather(Gatherers.mapConcurrent(atOnce, this::refresh)).toList();
  }

  private Result refresh(String id) {
    // Not an entity id, so no entity can own this row.
    if (!Ids.isId(id)) return new Result(id, Outcome.HAS_NONE);
    try {
      boolean stored = storeView.apply(id).toCompletableFuture().join();
      return new Result(id, stored ? Outcome.STORED : Outcome.HAS_NONE);
    } catch (CompletionException why) {
      LOG.warn("{} id={} row not stored: {}", name, id, String.valueOf(why.getCause()));
      return new Result(id, Outcome.NO_ANSWER);
    }
  }
}
