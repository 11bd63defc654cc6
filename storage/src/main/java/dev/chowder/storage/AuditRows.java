package dev.chowder.storage;

import static dev.chowder.storage.SqlValues.instant;
import static dev.chowder.storage.SqlValues.time;

import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import org.jdbi.v3.core.Jdbi;
import org.jdbi.v3.core.statement.StatementContext;

/**
 * Stores security-relevant reads, failed authentications and operators' calls. Only {@code times}
 * of a row changes, and it only grows; {@link #deleteOld} enforces the retention. Changes by
 * callers are in the journal instead.
 *
 * <p>Every call blocks, and waits for a connection at most {@code
 * chowder.storage.connection-timeout}.
 */
public final class AuditRows {
  /** The prefix of operators' actions. */
  public static final String OPERATOR = "operator/";

  private static final String OF_OPERATORS = " action LIKE '" + OPERATOR + "%'";
  private static final String OF_CALLERS = " NOT" + OF_OPERATORS;

  private final Jdbi jdbi;

  public AuditRows(Database database) {
    this.jdbi = database.jdbi();
  }

  /** Adds an entry. It is stored when this returns. */
  public void append(AuditRow row) {
    new Sql(
            jdbi,
            "INSERT INTO audit (id, at, action, organization_id, key_id, instance_id,"
                + " address, times) VALUES (:id, :at, :action, :organization, :key,"
                + " :instance, :address, :times)")
        .bind("id", row.id())
        .bind("at", time(row.at()))
        .bind("action", row.action())
        .bind("organization", row.organizationId())
        .bind("key", row.keyId())
        .bind("instance", row.instanceId())
        .bind("address", row.address())
        .bind("times", row.times())
        .update();
  }

  /**
   * Increments the count of an entry. The count is stored when this returns.
   *
   * @return whether there is such an entry; the retention may have deleted it
   */
  public boolean repeat(String id) {
    return new Sql(jdbi, "UPDATE audit SET times = times + 1 WHERE id = :id")
            .bind("id", id)
            .update()
        > 0;
  }

  /**
   * Returns a page of entries, newest first.
   *
   * @param organizationId empty for all entries
   * @param before the last id of the previous page; empty for the first page
   */
  public List<AuditRow> list(Optional<String> organizationId, int limit, Optional<String> before) {
    var query =
        new Sql(
                jdbi,
                "SELECT * FROM audit WHERE TRUE"
                    + (organizationId.isPresent() ? " AND organization_id = :organization" : "")
                    + (before.isPresent() ? " AND id < :before" : "")
                    + " ORDER BY id DESC FETCH FIRST :limit ROWS ONLY")
            .bind("limit", limit);
    organizationId.ifPresent(id -> query.bind("organization", id));
    before.ifPresent(id -> query.bind("before", id));
    return query.list(AuditRows::read);
  }

  /**
   * Deletes entries that are older than {@code before}, and the oldest beyond the limits.
   *
   * @param maxOfOne maximum number for one organization; entries without an organization share one.
   *     Prevents a caller with many entries from displacing the entries of others
   * @param maxRows maximum number for all organizations together
   * @param maxOperators maximum number of operators' calls. They do not count for the other limits,
   *     so that no caller can displace them
   * @return number of deleted entries
   */
  public int deleteOld(Instant before, int maxOfOne, int maxRows, int maxOperators) {
    int old =
        new Sql(jdbi, "DELETE FROM audit WHERE at < :before").bind("before", time(before)).update();
    int beyond =
        new Sql(
                jdbi,
                "SELECT organization_id FROM audit WHERE"
                    + OF_CALLERS
                    + " GROUP BY organization_id HAVING COUNT(*) > :max")
            .bind("max", maxOfOne).list((row, _) -> row.getString(1)).stream()
                .mapToInt(organization -> deleteOldestOf(organization, maxOfOne))
                .sum();
    return old
        + beyond
        + oldest(OF_CALLERS, maxRows).update()
        + oldest(OF_OPERATORS, maxOperators).update();
  }

  private int deleteOldestOf(String organizationId, int max) {
    return oldest(" organization_id = :organization AND" + OF_CALLERS, max)
        .bind("organization", organizationId)
        .update();
  }

  /** Returns the deletion of the oldest of these entries beyond a number. */
  private Sql oldest(String which, int max) {
    return new Sql(
            jdbi,
            "DELETE FROM audit WHERE"
                + which
                + " AND id <= (SELECT id FROM audit WHERE"
                + which
                + " ORDER BY id DESC OFFSET :max ROWS FETCH NEXT 1 ROWS ONLY)")
        .bind("max", max);
  }

  private static AuditRow read(ResultSet row, StatementContext context) throws SQLException {
    return new AuditRow(
        row.getString("id"),
        instant(row, "at"),
        row.getString("action"),
        row.getString("organization_id"),
        row.getString("key_id"),
        row.getString("instance_id"),
        row.getString("address"),
        row.getInt("times"));
  }
}
