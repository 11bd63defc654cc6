package dev.chowder.storage;

import java.sql.Connection;
import java.sql.SQLException;
import org.jdbi.v3.core.Jdbi;

/**
 * Knows the instances whose gateway tokens a restore took from a backup, and that no boot has
 * replaced since. Such a token may have been rotated away after the backup.
 *
 * <p>Every call blocks, and waits for a connection at most {@code
 * chowder.storage.connection-timeout}.
 */
public final class OutdatedTokens {
  private final Jdbi jdbi;

  public OutdatedTokens(Database database) {
    this.jdbi = database.jdbi();
  }

  /** Records all instances that have a token in the table of secrets. */
  static void recordAll(Connection restored) throws SQLException {
    try (var insert =
        restored.prepareStatement(
            "INSERT INTO outdated_tokens (instance_id) SELECT owner FROM secrets"
                + " WHERE name = 'gateway-token'"
                + " AND owner NOT IN (SELECT instance_id FROM outdated_tokens)")) {
      var _ = insert.executeUpdate();
    }
  }

  /** Returns whether the token of this instance came from a backup. */
  public boolean contains(String instanceId) {
    return new Sql(jdbi, "SELECT 1 FROM outdated_tokens WHERE instance_id = :id")
        .bind("id", instanceId).list((row, _) -> row.getInt(1)).stream().findAny().isPresent();
  }

  /** Forgets an instance, because it has a new token or none. */
  public void remove(String instanceId) {
    new Sql(jdbi, "DELETE FROM outdated_tokens WHERE instance_id = :id")
        .bind("id", instanceId)
        .update();
  }
}
