package dev.chowder.rows;

import dev.chowder.actor.Ids;
import dev.chowder.storage.ReadModelAudit;
import java.util.List;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.function.Function;
import java.util.stream.Gatherers;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One kind of entities, and the rows that they write of themselves.
 *
 * @param name what they are called in logs, such as {@code instances}
 * @param storeView has the entity of that id write its row, whatever is there; whether it has one
 */
public record RowKind(
    String name, ReadModelAudit rows, Function<String, CompletionStage<Boolean>> storeView) {
  private static final Logger LOG = LoggerFactory.getLogger(RowKind.class);

  /** What became of one that was asked. */
  enum Outcome {
    STORED,
    HAS_NONE,
    NO_ANSWER
  }

  record Asked(String id, Outcome outcome) {}

  /** Asks all of them, so many at once; one that does not answer keeps no other from it. */
  List<Asked> ask(List<String> ids, int atOnce) {
    return ids.stream().gather(Gatherers.mapConcurrent(atOnce, this::ask)).toList();
  }

  private Asked ask(String id) {
    // It names nobody, and could not be asked.
    if (!Ids.isId(id)) return new Asked(id, Outcome.HAS_NONE);
    try {
      boolean shown = storeView.apply(id).toCompletableFuture().join();
      return new Asked(id, shown ? Outcome.STORED : Outcome.HAS_NONE);
    } catch (CompletionException why) {
      LOG.warn("{} id={} row not stored: {}", name, id, String.valueOf(why.getCause()));
      return new Asked(id, Outcome.NO_ANSWER);
    }
  }
}
