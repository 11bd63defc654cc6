package dev.chowder.storage;

import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.function.UnaryOperator;
import org.jdbi.v3.core.Jdbi;

/**
 * Finds read-model rows that are missing or older than their entity's last event, and pages through
 * all entity ids in the journal or table. Entities write their rows; this class only resets
 * impossible revisions and deletes rows.
 *
 * <p>Every call blocks, and waits for a connection at most {@code
 * chowder.storage.connection-timeout}.
 */
public final class ReadModelAudit {
  /** Pekko's separator between type and id in a persistence id. */
  private static final String SEPARATOR = "|";

  /** The character after the separator: an upper bound for all ids of a type. */
  private static final String BEYOND = "}";

  /** In the order of the primary key, so that H2 keeps no groups in memory. */
  static final String HEADS =
      "SELECT SUBSTRING(\"persistence_id\", :from) AS id, MAX(\"sequence_number\") AS last FROM"
          + " \"event_journal\" WHERE \"persistence_id\" > :after AND \"persistence_id\" < :end GROUP"
          + " BY \"persistence_id\"";

  /** Uses the index of orderings: for a range of persistence ids, H2 would read all of them. */
  static final String HEADS_OF_RANGE =
      "SELECT SUBSTRING(\"persistence_id\", :from) AS id, MAX(\"sequence_number\") AS last FROM"
          + " \"event_journal\" WHERE \"ordering\" > :beyond AND \"ordering\" <= :upTo AND"
          + " SUBSTRING(\"persistence_id\", 1, :from - 1) = :prefix AND"
          + " SUBSTRING(\"persistence_id\", :from) > :after GROUP BY \"persistence_id\"";

  /** Reads the same index backwards, past events that are too new. */
  static final String NEWEST =
      "SELECT \"ordering\" FROM \"event_journal\" WHERE \"ordering\" > 0 AND \"write_timestamp\" <="
          + " :by ORDER BY \"ordering\" DESC LIMIT 1";

  /** Every entity has a first event: nothing is ever deleted from a journal. */
  static final String NAMED_BY_JOURNAL =
      "SELECT SUBSTRING(\"persistence_id\", :from) AS id FROM \"event_journal\" WHERE"
          + " \"persistence_id\" > :prefixed AND \"persistence_id\" < :end AND \"sequence_number\" ="
          + " 1 ORDER BY \"persistence_id\" LIMIT :limit";

  private final Jdbi jdbi;
  private final String table;
  private final String prefix;
  private final String end;

  private ReadModelAudit(Database database, String table, String entityType) {
    this.jdbi = database.jdbi();
    this.table = table;
    this.prefix = entityType + SEPARATOR;
    this.end = entityType + BEYOND;
  }

  /** Returns the audit of instances. {@code entityType} is the type in persistence ids. */
  public static ReadModelAudit ofInstances(Database database, String entityType) {
    return new ReadModelAudit(database, "instances", entityType);
  }

  /** Returns the audit of organizations. {@code entityType} is the type in persistence ids. */
  public static ReadModelAudit ofOrganizations(Database database, String entityType) {
    return new ReadModelAudit(database, "organizations", entityType);
  }

  /** A part of the journal: orderings greater than {@code beyond}, up to {@code upTo} inclusive. */
  public record JournalRange(long beyond, long upTo) {}

  /**
   * Returns a page of the ids of entities whose row is missing or older than the journal, in
   * ascending order. Includes entities that never have a row. One call reads the key of every
   * event.
   *
   * @param after the last id of the previous page; empty for the first page
   */
  public List<String> stale(int limit, Optional<String> after) {
    return stale(
        HEADS, limit, heads -> heads.bind("after", prefix + after.orElse("")).bind("end", end));
  }

  /**
   * Returns a page of stale ids among the entities with events in a range of the journal. Reads
   * only that range.
   *
   * @param after the last id of the previous page; empty for the first page
   */
  public List<String> stale(JournalRange range, int limit, Optional<String> after) {
    return stale(
        HEADS_OF_RANGE,
        limit,
        heads ->
            heads
                .bind("beyond", range.beyond())
                .bind("upTo", range.upTo())
                .bind("prefix", prefix)
                .bind("after", after.orElse("")));
  }

  private List<String> stale(String heads, int limit, UnaryOperator<Sql> bound) {
    return bound
        .apply(
            new Sql(
                jdbi,
                "SELECT h.id FROM (%s) h LEFT JOIN %s r ON r.id = h.id".formatted(heads, table)
                    + " WHERE r.revision IS NULL OR r.revision < h.last ORDER BY h.id LIMIT :limit"))
        .bind("from", prefix.length() + 1)
        .bind("limit", limit)
        .list((row, _) -> row.getString(1));
  }

  /**
   * Returns the newest ordering of the whole journal that was written at or before a time; 0 if
   * there is none. Events that become visible later may have a lower ordering, for as long as a
   * write may take.
   */
  public long newest(Instant writtenBy) {
    return new Sql(jdbi, NEWEST)
        .bind("by", writtenBy.toEpochMilli())
        .find((row, _) -> row.getLong(1))
        .orElse(0L);
  }

  /**
   * Returns a page of all entity ids in the journal or the table, in ascending order.
   *
   * @param after the last id of the previous page; empty for the first page
   */
  public List<String> named(int limit, Optional<String> after) {
    return new Sql(
            jdbi,
            "SELECT id FROM ((%s) UNION (SELECT id FROM %s WHERE id > :after ORDER BY id LIMIT"
                    .formatted(NAMED_BY_JOURNAL, table)
                + " :limit)) named ORDER BY id LIMIT :limit")
        .bind("from", prefix.length() + 1)
        .bind("prefixed", prefix + after.orElse(""))
        .bind("end", end)
        .bind("after", after.orElse(""))
        .bind("limit", limit)
        .list((row, _) -> row.getString(1));
  }

  /**
   * Resets the revision of rows that claim more events than the journal has, so that the next write
   * replaces them. No entity ever writes such a revision. Until that write, the rows keep their
   * contents.
   *
   * @param after the last id of the previous page; empty for the first page
   * @param last the last id of this page
   */
  public void resetFutureRevisions(Optional<String> after, String last) {
    new Sql(
            jdbi,
            "UPDATE %s SET revision = 0 WHERE id > :after AND id <= :last AND revision >"
                    .formatted(table)
                + " (SELECT MAX(\"sequence_number\") FROM \"event_journal\" WHERE"
                + " \"persistence_id\" = :prefix || id)")
        .bind("after", after.orElse(""))
        .bind("last", last)
        .bind("prefix", prefix)
        .update();
  }

  /** Removes the row of an entity that should have none. Returns whether there was one. */
  public boolean remove(String id) {
    return new Sql(jdbi, "DELETE FROM " + table + " WHERE id = :id").bind("id", id).update() > 0;
  }
}
