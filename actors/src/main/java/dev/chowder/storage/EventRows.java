package dev.chowder.storage;

import com.google.protobuf.ByteString;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Instant;
import java.util.List;
import org.jdbi.v3.core.Jdbi;
import org.jdbi.v3.core.statement.StatementContext;

/**
 * The journal, read as an organization's history, newest first. Knows nothing of what an event
 * says.
 *
 * <p>Every call blocks, and waits for a connection no longer than {@code
 * chowder.storage.connection-time-out}.
 */
public final class EventRows {
  private static final String COLUMNS =
      "j.\"ordering\" AS ordering, j.\"persistence_id\" AS persistence_id,"
          + " j.\"sequence_number\" AS sequence_number, j.\"event_payload\" AS payload";

  private final Jdbi jdbi;

  public EventRows(Database database) {
    this.jdbi = database.jdbi();
  }

  /**
   * A page of everything that happened to an organization and its instances.
   *
   * @param before the ordering that the page before ended with, or {@link Long#MAX_VALUE}
   * @param pageSize at least 1; the caller knows the limit
   */
  public List<EventRow> ofOrganization(String organizationId, long before, int pageSize) {
    return jdbi.withHandle(
        handle ->
            handle
                .createQuery(
                    "SELECT "
                        + COLUMNS
                        + " FROM \"event_tag\" t JOIN \"event_journal\" j ON j.\"ordering\" ="
                        + " t.\"event_id\" WHERE t.\"tag\" = :tag AND t.\"event_id\" < :before"
                        + " ORDER BY t.\"tag\" DESC, t.\"event_id\" DESC LIMIT :limit")
                .bind("tag", JournalTags.of(organizationId))
                .bind("before", before)
                .bind("limit", pageSize)
                .map(EventRows::read)
                .list());
  }

  /**
   * The same of one entity; empty, too, when it is another organization's.
   *
   * @param persistenceId {@code <type>|<id>}
   */
  public List<EventRow> ofEntity(
      String organizationId, String persistenceId, long before, int pageSize) {
    return jdbi.withHandle(
        handle ->
            handle
                .createQuery(
                    "SELECT "
                        + COLUMNS
                        + " FROM \"event_journal\" j WHERE j.\"persistence_id\" = :id AND"
                        + " j.\"ordering\" < :before AND EXISTS (SELECT 1 FROM \"event_tag\" t"
                        + " WHERE t.\"event_id\" = j.\"ordering\" AND t.\"tag\" = :tag) ORDER BY"
                        + " j.\"sequence_number\" DESC LIMIT :limit")
                .bind("id", persistenceId)
                .bind("tag", JournalTags.of(organizationId))
                .bind("before", before)
                .bind("limit", pageSize)
                .map(EventRows::read)
                .list());
  }

  /**
   * What happened to an organization and its instances after an ordering, oldest first. One that is
   * being written now may still come before one that is there: whoever follows has to look back for
   * as long as a write may take.
   */
  public List<Written> since(String organizationId, long after, int limit) {
    return jdbi.withHandle(
        handle ->
            handle
                .createQuery(
                    "SELECT j.\"ordering\" AS ordering, j.\"persistence_id\" AS persistence_id,"
                        + " j.\"sequence_number\" AS sequence_number, j.\"write_timestamp\" AS"
                        + " written_at FROM \"event_tag\" t JOIN \"event_journal\" j ON"
                        + " j.\"ordering\" = t.\"event_id\" WHERE t.\"tag\" = :tag AND"
                        + " t.\"event_id\" > :after ORDER BY t.\"tag\", t.\"event_id\" LIMIT"
                        + " :limit")
                .bind("tag", JournalTags.of(organizationId))
                .bind("after", after)
                .bind("limit", limit)
                .map(
                    (row, _) ->
                        new Written(
                            row.getLong("ordering"),
                            row.getString("persistence_id"),
                            row.getLong("sequence_number"),
                            Instant.ofEpochMilli(row.getLong("written_at"))))
                .list());
  }

  /** That an event was written, and when, by its node's clock. */
  public record Written(long ordering, String persistenceId, long sequenceNumber, Instant at) {}

  /**
   * The newest ordering of an organization that was written by then; 0: nothing had happened to it.
   */
  public long newest(String organizationId, Instant writtenBy) {
    return jdbi.withHandle(
        handle ->
            handle
                .createQuery(
                    "SELECT t.\"event_id\" FROM \"event_tag\" t JOIN \"event_journal\" j ON"
                        + " j.\"ordering\" = t.\"event_id\" WHERE t.\"tag\" = :tag AND"
                        + " j.\"write_timestamp\" <= :by ORDER BY t.\"tag\" DESC,"
                        + " t.\"event_id\" DESC LIMIT 1")
                .bind("tag", JournalTags.of(organizationId))
                .bind("by", writtenBy.toEpochMilli())
                .mapTo(Long.class)
                .findOne()
                .orElse(0L));
  }

  private static EventRow read(ResultSet row, StatementContext context) throws SQLException {
    return new EventRow(
        row.getLong("ordering"),
        row.getString("persistence_id"),
        row.getLong("sequence_number"),
        ByteString.copyFrom(row.getBytes("payload")));
  }
}
