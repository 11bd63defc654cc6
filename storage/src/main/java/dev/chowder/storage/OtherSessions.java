package dev.chowder.storage;

import static dev.chowder.base.ErrorText.cannot;

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

  /** Maximum number of sessions in a message. */
  private static final int MAX_NAMED = 10;

  /**
   * A user without the right to see the sessions of others sees only their names and users.
   * Background workers of the database have no user.
   */
  private static final String SESSIONS =
      "SELECT coalesce(nullif(application_name, ''), 'a session without a name') || ' at '"
          + " || coalesce(host(client_addr), 'an unknown or local address') || ' (pid ' || pid || ')'"
          + " FROM pg_stat_activity WHERE datname = current_database() AND (backend_type = 'client"
          + " backend' OR backend_type IS NULL AND usesysid IS NOT NULL) AND pid NOT IN (?, ?)"
          + " ORDER BY 1";

  private OtherSessions() {}

  /**
   * Waits for other sessions to end.
   *
   * @param connections a pool of two free connections
   * @param limit maximum time for sessions that were just closed
   * @throws StorageException if some remain; the message names them
   */
  static void reject(DataSource connections, Duration limit) {
    try (var one = connections.getConnection();
        var two = connections.getConnection()) {
      // Uses both connections, so the pool opens no third one that would look like another process.
      long until = System.nanoTime() + limit.toNanos();
      var others = others(one, two);
      while (!others.isEmpty() && System.nanoTime() < until) {
        Thread.sleep(PAUSE);
        others = others(one, two);
      }
      if (!others.isEmpty()) throw inUse(others);
    } catch (SQLException e) {
      throw new StorageException(
          cannot("migrate the database", StorageException.rootMessage(e)), e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new StorageException(
          cannot(
              "migrate the database", "it was interrupted", "run \"chowder admin migrate\" again"),
          e);
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
    var named = others.subList(0, Math.min(MAX_NAMED, others.size()));
    return new StorageException(
        cannot(
            "migrate the database",
            "sessions of other processes use it ("
                + others.size()
                + "): "
                + String.join(", ", named)
                + (others.size() > MAX_NAMED ? ", ..." : ""),
            "stop all nodes, close all other sessions, and run \"chowder admin migrate\" again"));
  }
}
