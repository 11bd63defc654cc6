package dev.chowder.storage;

import com.google.protobuf.ByteString;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.List;
import java.util.Optional;
import org.jdbi.v3.core.Jdbi;
import org.jdbi.v3.core.statement.StatementContext;

/**
 * Stores the read-model rows of organizations. Does not know the limits of tiers or the contents of
 * a view.
 *
 * <p>Every call blocks, and waits for a connection at most {@code
 * chowder.storage.connection-timeout}.
 */
public final class OrganizationRows {
  private final Database database;
  private final Jdbi jdbi;

  public OrganizationRows(Database database) {
    this.database = database;
    this.jdbi = database.jdbi();
  }

  /**
   * Writes the row unless a newer revision is stored. The same revision is written again.
   *
   * @return whether it was written
   */
  public boolean upsert(OrganizationRow row) {
    return database.upsert(
        Upsert.into("organizations")
            .key("id", row.id())
            .set("revision", row.revision())
            .set("name", row.name())
            .set("tier", row.tier())
            .set("standing", row.standing())
            .set("slots", row.slots())
            .set("view", row.view().toByteArray()));
  }

  public Optional<OrganizationRow> get(String id) {
    return new Sql(jdbi, "SELECT * FROM organizations WHERE id = :id")
        .bind("id", id)
        .find(OrganizationRows::read);
  }

  /**
   * Returns a page of all organizations, oldest first.
   *
   * @param after the last id of the previous page; empty for the first page
   */
  public List<OrganizationRow> list(int pageSize, Optional<String> after) {
    return new Sql(jdbi, "SELECT * FROM organizations WHERE id > :after ORDER BY id LIMIT :limit")
        .bind("after", after.orElse(""))
        .bind("limit", pageSize)
        .list(OrganizationRows::read);
  }

  /**
   * Returns a page of the organizations with this standing, oldest first.
   *
   * @param after the last id of the previous page; empty for the first page
   */
  public List<OrganizationRow> withStanding(String standing, int limit, Optional<String> after) {
    return new Sql(
            jdbi,
            "SELECT * FROM organizations WHERE standing = :standing AND id > :after ORDER BY"
                + " id LIMIT :limit")
        .bind("standing", standing)
        .bind("after", after.orElse(""))
        .bind("limit", limit)
        .list(OrganizationRows::read);
  }

  /** Returns whether there is an organization with another standing. */
  public boolean isAnyBesides(String standing) {
    return new Sql(jdbi, "SELECT 1 FROM organizations WHERE standing <> :standing LIMIT 1")
        .bind("standing", standing)
        .find((row, _) -> row.getInt(1))
        .isPresent();
  }

  /**
   * Returns organizations whose number of reserved slots differs from the number of instances that
   * hold one. A create or a delete is in progress, or was interrupted by a crash. Rows may be
   * stale; the entities decide.
   *
   * @param after the last id of the previous page; empty for the first page
   */
  public List<OrganizationRow> withSlotMismatch(int limit, Optional<String> after) {
    return new Sql(
            jdbi,
            "SELECT o.* FROM organizations o LEFT JOIN (SELECT organization_id, COUNT(*) AS"
                + " held FROM instances WHERE holds_slot = TRUE GROUP BY organization_id) h"
                + " ON h.organization_id = o.id WHERE o.id > :after AND o.slots <>"
                + " COALESCE(h.held, 0) ORDER BY o.id LIMIT :limit")
        .bind("after", after.orElse(""))
        .bind("limit", limit)
        .list(OrganizationRows::read);
  }

  private static OrganizationRow read(ResultSet row, StatementContext context) throws SQLException {
    return new OrganizationRow(
        row.getString("id"),
        row.getInt("revision"),
        row.getString("name"),
        row.getString("tier"),
        row.getString("standing"),
        row.getInt("slots"),
        ByteString.copyFrom(row.getBytes("view")));
  }
}
