package dev.chowder.storage;

import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import javax.sql.DataSource;

/** Finds the sessions of other processes on a PostgreSQL database. */
final class OtherSessions {
  /**
   * Pause between two queries: PostgreSQL removes a session a moment after its client closed it.
   */
  private static final Duration PAUSE = Duration.ofMillis(100);

  /** How many sessions a message names at most. */
  private static final int MOST = 10;

  /**
   * A user without the right to see others' sessions sees only their name and user. Workers of the
   * database itself have no user.
   */
  private static final String SESSIONS =
      "SELECT coalesce(nullif(application_name, ''), 'a session without a name') || ' at '"
          + " || coalesce(host(client_addr), 'an unknown or local address') || ' (pid ' || pid || ')'"
          + " FROM pg_stat_activity WHERE datname = current_database() AND (backend_type = 'client"
          + " backend' OR backend_type IS NULL AND usesysid IS NOT NULL) AND pid NOT IN (?, ?)"
          + " ORDER BY 1";

  private OtherSessions() {}

  /**
   * Waits for sessions to end.
   *
   * @param connections a pool of two connections, both of them free
   * @param limit how long sessions that were just closed may take
   * @throws StorageException if some remain; it names them
   */
  static void refuse(DataSource connections, Duration limit) {
    try (var one = connections.getConnection();
        var two = connections.getConnection()) {
      // Both are held, so the pool has no third one that would be taken for another process.
      long until = System.nanoTime() + limit.toNanos();
      var others = others(one, two);
      while (!others.isEmpty() && System.nanoTime() < until) {
        Thread.sleep(PAUSE);
        others = others(one, two);
      }
      if (!others.isEmpty()) throw inUse(others);
    } catch (SQLException e) {
      throw new StorageException("database: " + StorageException.rootMessage(e), e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new StorageException("cannot migrate the database: interrupted; run it again", e);
    }
  }

  private static List<String> others(Connection one, Connection two) throws SQLException {
    try (var query = one.prepareStatement(SESSIONS)) {
      query.setInt(1, pid(one));
      query.setInt(2, pid(two));
      try (var rows = query.executeQuery()) {
        List<String> all = new ArrayList<>();
        while (rows.next()) all.add(rows.getString(1));
        return all;
      }
    }
  }

  private static int pid(Connection connection) throws SQLException {
    try (var query = connection.createStatement();
        var row = query.executeQuery("SELECT pg_backend_pid()")) {
      row.next();
      return row.getInt(1);
    }
  }

  private static StorageException inUse(List<String> others) {
    var named = others.subList(0, Math.min(MOST, others.size()));
    return new StorageException(
        "cannot migrate the database: sessions of other processes use it ("
            + others.size()
            + "): "
            + String.join(", ", named)
            + (others.size() > MOST ? ", ..." : "")
            + "; stop all nodes, close all other sessions, and run scripts/migrate again");
  }
}
