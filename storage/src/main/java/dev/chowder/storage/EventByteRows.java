package dev.chowder.storage;

import org.jdbi.v3.core.Jdbi;

/**
 * Counts the bytes of events that the callers of each organization cause in a day. One row for each
 * organization, so nothing has to be deleted.
 *
 * <p>Every call blocks, and waits for a connection at most {@code
 * chowder.storage.connection-timeout}.
 */
public final class EventByteRows {
  /** The bytes of this day; an earlier day counts no more. A clock that is set back ends no day. */
  private static final String SO_FAR = "(CASE WHEN on_day >= :day THEN bytes ELSE 0 END)";

  private static final String ADD =
      "UPDATE event_bytes SET bytes = "
          + SO_FAR
          + " + :bytes, on_day = GREATEST(on_day, :day) WHERE organization_id = :organization AND "
          + SO_FAR
          + " + :bytes <= :max";

  private final Database database;
  private final Jdbi jdbi;

  public EventByteRows(Database database) {
    this.database = database;
    this.jdbi = database.jdbi();
  }

  /**
   * Adds bytes, unless the day would then have more than {@code max}.
   *
   * @param day days since 1970
   * @return whether they were added
   */
  public boolean add(String organizationId, long day, long bytes, long max) {
    if (bytes > max) return false;
    if (isUpdated(organizationId, day, bytes, max)) return true;
    var first =
        Upsert.into("event_bytes")
            .key("organization_id", organizationId)
            .set("on_day", day)
            .set("bytes", bytes);
    // If another call inserts the row meanwhile, it is updated.
    return database.upsertIf(first, handle -> !first.exists(handle))
        || isUpdated(organizationId, day, bytes, max);
  }

  private boolean isUpdated(String organizationId, long day, long bytes, long max) {
    return new Sql(jdbi, ADD)
            .bind("organization", organizationId)
            .bind("day", day)
            .bind("bytes", bytes)
            .bind("max", max)
            .update()
        > 0;
  }
}
