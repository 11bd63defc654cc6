package dev.chowder.storage;

import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.function.UnaryOperator;
import org.jdbi.v3.core.Jdbi;
import org.jdbi.v3.core.statement.Query;

/**
 * A table of read rows beside the journal that they show: which of them are missing or older than
 * their entity's last event, and whom either of the two names. It writes no row: an entity that is
 * asked does.
 *
 * <p>Every call blocks, and waits for a connection no longer than {@code
 * chowder.storage.connection-time-out}.
 */
public final class ReadModelAudit {
  /** Between type and id in a persistence id; Pekko's. */
  private static final String SEPARATOR = "|";

  /** The character after the separator: an upper bound for all ids of a type. */
  private static final String BEYOND = "}";

  /** In the primary key's order, so that H2 keeps no groups in memory. */
  static final String HEADS =
      "SELECT SUBSTRING(\"persistence_id\", :from) AS id, MAX(\"sequence_number\") AS last FROM"
          + " \"event_journal\" WHERE \"persistence_id\" > :after AND \"persistence_id\" < :end GROUP"
          + " BY \"persistence_id\"";

  /** By the index of orderings: a range of persistence ids would lead H2 through all of them. */
  static final String HEADS_OF_STRETCH =
      "SELECT SUBSTRING(\"persistence_id\", :from) AS id, MAX(\"sequence_number\") AS last FROM"
          + " \"event_journal\" WHERE \"ordering\" > :beyond AND \"ordering\" <= :upTo AND"
          + " SUBSTRING(\"persistence_id\", 1, :from - 1) = :prefix AND"
          + " SUBSTRING(\"persistence_id\", :from) > :after GROUP BY \"persistence_id\"";

  /** Backwards through the same index, past what is too young. */
  static final String NEWEST =
      "SELECT \"ordering\" FROM \"event_journal\" WHERE \"ordering\" > 0 AND \"write_timestamp\" <="
          + " :by ORDER BY \"ordering\" DESC LIMIT 1";

  /** An entity's first event is there for ever: nothing is taken out of a journal. */
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

  /** {@code entityType} is as in persistence ids. */
  public static ReadModelAudit ofInstances(Database database, String entityType) {
    return new ReadModelAudit(database, "instances", entityType);
  }

  /** The same of organizations. */
  public static ReadModelAudit ofOrganizations(Database database, String entityType) {
    return new ReadModelAudit(database, "organizations", entityType);
  }

  /** A part of the journal: what was written beyond one ordering, up to another. */
  public record Stretch(long beyond, long upTo) {}

  /**
   * A page of those whose row is missing or older than the journal, also of those that never have
   * one; ascending. One look reads the key of every event.
   *
   * @param after the id that the page before ended with
   */
  public List<String> behind(int limit, Optional<String> after) {
    return behind(
        HEADS, limit, heads -> heads.bind("after", prefix + after.orElse("")).bind("end", end));
  }

  /** The same of those to whom something happened in a stretch; no more than that is read. */
  public List<String> behind(Stretch stretch, int limit, Optional<String> after) {
    return behind(
        HEADS_OF_STRETCH,
        limit,
        heads ->
            heads
                .bind("beyond", stretch.beyond())
                .bind("upTo", stretch.upTo())
                .bind("prefix", prefix)
                .bind("after", after.orElse("")));
  }

  private List<String> behind(String heads, int limit, UnaryOperator<Query> bound) {
    return jdbi.withHandle(
        handle ->
            bound
                .apply(
                    handle.createQuery(
                        "SELECT h.id FROM (%s) h LEFT JOIN %s r ON r.id = h.id"
                                .formatted(heads, table)
                            + " WHERE r.revision IS NULL OR r.revision < h.last ORDER BY h.id LIMIT"
                            + " :limit"))
                .bind("from", prefix.length() + 1)
                .bind("limit", limit)
                .mapTo(String.class)
                .list());
  }

  /**
   * The newest ordering of the whole journal that was written by then; 0: there is none. What comes
   * to be seen later may still have a lower one: as long as a write may take.
   */
  public long newest(Instant writtenBy) {
    return jdbi.withHandle(
        handle ->
            handle
                .createQuery(NEWEST)
                .bind("by", writtenBy.toEpochMilli())
                .mapTo(Long.class)
                .findOne()
                .orElse(0L));
  }

  /**
   * A page of all whom the journal or the table names; ascending.
   *
   * @param after the id that the page before ended with
   */
  public List<String> named(int limit, Optional<String> after) {
    return jdbi.withHandle(
        handle ->
            handle
                .createQuery(
                    "SELECT id FROM ((%s) UNION (SELECT id FROM %s WHERE id > :after ORDER BY id LIMIT"
                            .formatted(NAMED_BY_JOURNAL, table)
                        + " :limit)) named ORDER BY id LIMIT :limit")
                .bind("from", prefix.length() + 1)
                .bind("prefixed", prefix + after.orElse(""))
                .bind("end", end)
                .bind("after", after.orElse(""))
                .bind("limit", limit)
                .mapTo(String.class)
                .list());
  }

  /**
   * Lets the next write through to rows of a page that claim more events than the journal has, as
   * nobody's write ever made them; what they show stays until then.
   *
   * @param after the id that the page before ended with
   * @param last the id that this page ends with
   */
  public void resetFutureRevisions(Optional<String> after, String last) {
    jdbi.useHandle(
        handle ->
            handle
                .createUpdate(
                    "UPDATE %s SET revision = 0 WHERE id > :after AND id <= :last AND revision >"
                            .formatted(table)
                        + " (SELECT MAX(\"sequence_number\") FROM \"event_journal\" WHERE"
                        + " \"persistence_id\" = :prefix || id)")
                .bind("after", after.orElse(""))
                .bind("last", last)
                .bind("prefix", prefix)
                .execute());
  }

  /** Removes the row of somebody who has none to show; whether there was one. */
  public boolean remove(String id) {
    return jdbi.withHandle(
            handle ->
                handle
                    .createUpdate("DELETE FROM " + table + " WHERE id = :id")
                    .bind("id", id)
                    .execute())
        > 0;
  }
}
