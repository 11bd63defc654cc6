package dev.chowder.storage;

import java.util.List;
import java.util.Optional;
import org.jdbi.v3.core.Jdbi;

/**
 * Finds entities whose read row is missing or older than their last event: what a process leaves
 * that dies between the two. An entity writes its row when it recovers, so speaking to it is the
 * repair. One look reads the key of every event.
 */
final class RowsBehind {
  /** Between type and id in a persistence id; Pekko's. */
  private static final String SEPARATOR = "|";

  /** The character after the separator: an upper bound for all ids of a type. */
  private static final String BEYOND = "}";

  /** In the primary key's order, so that H2 keeps no groups in memory. */
  static final String HEADS =
      "SELECT SUBSTRING(\"persistence_id\", :from) AS id, MAX(\"sequence_number\") AS last FROM"
          + " \"event_journal\" WHERE \"persistence_id\" > :after AND \"persistence_id\" < :end GROUP"
          + " BY \"persistence_id\"";

  private RowsBehind() {}

  /**
   * Their ids, also of entities that never have a row; ascending, at most {@code limit}.
   *
   * @param rows the table of read rows
   * @param entityType as in persistence ids
   * @param after the id that the page before ended with
   */
  static List<String> in(
      Jdbi jdbi, String rows, String entityType, int limit, Optional<String> after) {
    var prefix = entityType + SEPARATOR;
    return jdbi.withHandle(
        handle ->
            handle
                .createQuery(
                    "SELECT h.id FROM (%s) h LEFT JOIN %s r ON r.id = h.id".formatted(HEADS, rows)
                        + " WHERE r.revision IS NULL OR r.revision < h.last ORDER BY h.id LIMIT"
                        + " :limit")
                .bind("from", prefix.length() + 1)
                .bind("after", prefix + after.orElse(""))
                .bind("end", entityType + BEYOND)
                .bind("limit", limit)
                .mapTo(String.class)
                .list());
  }
}
