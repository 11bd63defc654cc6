package dev.chowder.server.crash;

import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.Properties;
import java.util.concurrent.locks.ReentrantReadWriteLock;
import org.h2.api.ErrorCode;

/**
 * The connections of one node to its database. When the node dies, they end as with its process: a
 * statement that the database has received may still be committed, and no other reaches it.
 */
final class NodeConnections {
  private final ReentrantReadWriteLock lock = new ReentrantReadWriteLock();
  private final List<Connection> opened = new ArrayList<>();
  private boolean cut;
  private String url = "";

  Connection open(String realUrl, Properties properties) throws SQLException {
    lock.readLock().lock();
    try {
      if (cut) throw new SQLException("the node is dead", "08001");
      var connection = DriverManager.getConnection(realUrl, properties);
      synchronized (opened) {
        url = realUrl;
        opened.removeIf(NodeConnections::isClosed);
        opened.add(connection);
      }
      return connection;
    } finally {
      lock.readLock().unlock();
    }
  }

  private static boolean isClosed(Connection connection) {
    try {
      return connection.isClosed();
    } catch (SQLException unusable) {
      return true;
    }
  }

  /** Ends all connections, and rejects later ones. */
  void cut() {
    lock.writeLock().lock();
    try {
      cut = true;
      opened.removeIf(NodeConnections::isClosed);
      // Without a connection H2 has no open file.
      if (opened.isEmpty()) return;
      if (url.startsWith("jdbc:h2:")) {
        haltH2();
      } else {
        for (var connection : opened) connection.abort(Runnable::run);
      }
    } catch (SQLException why) {
      throw new IllegalStateException("the connections of a dead node are still open", why);
    } finally {
      lock.writeLock().unlock();
    }
  }

  /**
   * H2 runs in the node's process, and dies with it: this writes nothing that is not yet in the
   * file, and releases the lock of the file.
   */
  private void haltH2() throws SQLException {
    var connection = DriverManager.getConnection(url);
    try (var statement = connection.createStatement()) {
      statement.execute("SHUTDOWN IMMEDIATELY");
    } catch (SQLException why) {
      // H2 ends the connection that the statement came from, too.
      if (why.getErrorCode() != ErrorCode.DATABASE_IS_CLOSED) throw why;
    }
  }
}
