package dev.chowder.storage;

import com.google.protobuf.ByteString;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Instant;
import java.util.List;
import org.jdbi.v3.core.Jdbi;
import org.jdbi.v3.core.statement.StatementContext;

/**
 * Reads the journal as an organization's history. Does not know the contents of events.
 *
 * <p>Every call blocks, and waits for a connection at most {@code
 * chowder.storage.connection-timeout}.
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
   * Returns a page of the events of an organization and its instances, newest first.
   *
   * @param before the last ordering of the previous page; {@link Long#MAX_VALUE} for the first page
   * @param pageSize at least 1; the caller enforces the maximum
   */
  public List<EventRow> ofOrganization(String organizationId, long before, int pageSize) {
    return new Sql(
            jdbi,
            "SELECT "
                + COLUMNS
                + " FROM \"event_tag\" t JOIN \"event_journal\" j ON j.\"ordering\" ="
                + " t.\"event_id\" WHERE t.\"tag\" = :tag AND t.\"event_id\" < :before"
                + " ORDER BY t.\"tag\" DESC, t.\"event_id\" DESC LIMIT :limit")
        .bind("tag", JournalTags.of(organizationId))
        .bind("before", before)
        .bind("limit", pageSize)
        .list(EventRows::read);
  }

  /**
   * Returns a page of the events of one entity, newest first; empty if the entity belongs to
   * another organization.
   *
   * @param persistenceId {@code <type>|<id>}
   */
  public List<EventRow> ofEntity(
      String organizationId, String persistenceId, long before, int pageSize) {
    return new Sql(
            jdbi,
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
        .list(EventRows::read);
  }

  /**
   * Returns the events of an organization and its instances after an ordering, oldest first. An
   * event that is being written may appear later with a lower ordering. A watch must therefore read
   * back as far as a write may take.
   */
  public List<Written> since(String organizationId, long after, int limit) {
    return new Sql(
            jdbi,
            "SELECT j.\"ordering\" AS ordering, j.\"persistence_id\" AS persistence_id,"
                + " j.\"sequence_number\" AS sequence_number, j.\"write_timestamp\" AS"
                + " written_at FROM \"event_tag\" t JOIN \"event_journal\" j ON"
                + " j.\"ordering\" = t.\"event_id\" WHERE t.\"tag\" = :tag AND"
                + " t.\"event_id\" > :after ORDER BY t.\"tag\", t.\"event_id\" LIMIT"
                + " :limit")
        .bind("tag", JournalTags.of(organizationId))
        .bind("after", after)
        .bind("limit", limit)
        .list(
            (row, _) ->
                new Written(
                    row.getLong("ordering"),
                    row.getString("persistence_id"),
                    row.getLong("sequence_number"),
                    Instant.ofEpochMilli(row.getLong("written_at"))));
  }

  /** A reference to an event, with its time by the clock of the node that wrote it. */
  public record Written(long ordering, String persistenceId, long sequenceNumber, Instant at) {}

  /**
   * Returns the newest ordering of an organization's events that were written at or before a time;
   * 0 if there is none.
   */
  public long newest(String organizationId, Instant writtenBy) {
    return new Sql(
            jdbi,
            "SELECT t.\"event_id\" FROM \"event_tag\" t JOIN \"event_journal\" j ON"
                + " j.\"ordering\" = t.\"event_id\" WHERE t.\"tag\" = :tag AND"
                + " j.\"write_timestamp\" <= :by ORDER BY t.\"tag\" DESC,"
                + " t.\"event_id\" DESC LIMIT 1")
        .bind("tag", JournalTags.of(organizationId))
        .bind("by", writtenBy.toEpochMilli())
        .find((row, _) -> row.getLong(1))
        .orElse(0L);
  }

  private static EventRow read(ResultSet row, StatementContext context) throws SQLException {
    return new EventRow(
        row.getLong("ordering"),
        row.getString("persistence_id"),
        row.getLong("sequence_number"),
        ByteString.copyFrom(row.getBytes("payload")));
  }
}
