package dev.chowder.storage;

import static dev.chowder.base.ErrorText.cannot;

import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Properties;

/**
 * A database session that holds this node's share of the cluster's lock. It has no other use.
 *
 * <p>The lock is an advisory lock that belongs to the table {@code cluster_identity}. Members hold
 * it shared, and only its exclusive holder may change the table's row. The lock ends with the
 * session. Therefore the session has its own connection directly to PostgreSQL. A pool would close
 * it, and a pooler in transaction mode would give it to other clients.
 *
 * <p>Not thread-safe. Every method blocks, and throws {@link StorageException} if the database does
 * not respond. The session must then be closed, since its locks are unknown.
 */
public final class MemberSession implements AutoCloseable {
  /** The first half of the lock's key, "CHOW". The second half is the table's oid. */
  private static final int LOCK_CLASS = 0x43484f57;

  private static final String LOCK = "(" + LOCK_CLASS + ", 'cluster_identity'::regclass::int4)";

  /** Unanswered keepalive probes until a silent peer counts as dead. */
  private static final int PROBES = 3;

  private final Connection connection;

  /**
   * The timeouts of this session, in whole seconds.
   *
   * @param answer time without a response to a statement after which the session counts as lost
   * @param dead time after which PostgreSQL ends the session, and so its lock, of a machine that no
   *     longer responds
   */
  public record Limits(Duration answer, Duration dead) {}

  /**
   * A process.
   *
   * @param node unique for each start of a node
   * @param description shows an operator where the process runs; at most 512 characters
   */
  public record Member(String node, String description) {}

  /**
   * The cluster that the row names.
   *
   * @param formedBy the description of the member that formed it
   */
  public record Identity(String cluster, String formedBy) {}

  /** The result of an attempt to form a cluster. */
  public sealed interface Formation {
    /** The row names the new cluster, and this session holds the lock shared. */
    record Formed() implements Formation {}

    /** Other sessions hold the lock. */
    record Used(Optional<Identity> by, List<String> members) implements Formation {}

    /**
     * No session holds the lock, but these processes did not leave, and are not known to be dead.
     */
    record Unproven(List<String> members) implements Formation {}
  }

  /** Whether this session belongs to a member of the cluster. */
  public sealed interface Hold {
    /** It holds the lock shared, and the row names this cluster. */
    record Held(String cluster) implements Hold {}

    /** Another session holds the lock exclusively, which takes only moments. */
    record Busy() implements Hold {}

    /** The row names no cluster. */
    record Unnamed() implements Hold {}

    /** The row names another cluster than the requested one. */
    record Other(Identity identity) implements Hold {}
  }

  private MemberSession(Connection connection) {
    this.connection = connection;
  }

  /**
   * Opens a session.
   *
   * @throws StorageException if the database cannot be reached
   */
  public static MemberSession open(StorageSettings settings, Limits limits) {
    var properties = new Properties();
    settings.user().ifPresent(user -> properties.setProperty("user", user));
    settings.password().ifPresent(word -> properties.setProperty("password", word.reveal()));
    // Parameters of the URL take precedence over these.
    properties.setProperty("ApplicationName", "chowder-member");
    properties.setProperty("tcpKeepAlive", "true");
    var connect = Long.toString(settings.limits().connect().toSeconds());
    properties.setProperty("connectTimeout", connect);
    properties.setProperty("loginTimeout", connect);
    properties.setProperty("socketTimeout", Long.toString(limits.answer().toSeconds()));
    try {
      var session = new MemberSession(DriverManager.getConnection(settings.url(), properties));
      session.boundSurvival(limits.dead());
      return session;
    } catch (SQLException e) {
      throw failed(e);
    }
  }

  /**
   * Limits how long the session of a dead machine lasts. By default a server detects a dead machine
   * only after two hours, or after 15 minutes if it was sending data. The lock of a dead machine
   * would last as long.
   */
  private void boundSurvival(Duration dead) throws SQLException {
    long probe = Math.max(1, dead.toSeconds() / (PROBES + 2));
    try (var set =
        connection.prepareStatement(
            "SELECT set_config('tcp_keepalives_idle', ?, false),"
                + " set_config('tcp_keepalives_interval', ?, false),"
                + " set_config('tcp_keepalives_count', ?, false),"
                + " set_config('tcp_user_timeout', ?, false)")) {
      set.setString(1, Long.toString(2 * probe));
      set.setString(2, Long.toString(probe));
      set.setString(3, Integer.toString(PROBES));
      set.setString(4, Long.toString(dead.toMillis()));
      set.execute();
    } catch (SQLException e) {
      connection.close();
      throw e;
    }
  }

  /** Removes the record of a process that is known to be dead. */
  public void forget(String node) {
    try {
      update("DELETE FROM cluster_members WHERE node = ?", node);
    } catch (SQLException e) {
      throw failed(e);
    }
  }

  /**
   * Forms a cluster if no session holds the lock. Does not wait. Afterwards it holds the lock
   * shared or not at all, so that a waiting node does not block a member that reconnects.
   *
   * @param cluster the new cluster's identity
   * @param evenIfUnproven whether to form it even if recorded processes may be alive
   */
  public Formation form(String cluster, Member me, boolean evenIfUnproven) {
    try {
      if (!is("SELECT pg_try_advisory_lock" + LOCK)) {
        return new Formation.Used(identity(), members(me));
      }
      try {
        var others = members(me);
        if (!others.isEmpty() && !evenIfUnproven) return new Formation.Unproven(others);
        name(cluster, me);
        execute("SELECT pg_advisory_lock_shared" + LOCK);
      } finally {
        execute("SELECT pg_advisory_unlock" + LOCK);
      }
      return new Formation.Formed();
    } catch (SQLException e) {
      throw failed(e);
    }
  }

  /**
   * Names the new cluster and its first member in one transaction: all recorded members must belong
   * to the cluster that the row names.
   */
  private void name(String cluster, Member me) throws SQLException {
    connection.setAutoCommit(false);
    try {
      execute("DELETE FROM cluster_members");
      execute("DELETE FROM cluster_identity");
      update(
          "INSERT INTO cluster_identity (id, cluster, formed_by, formed_at) VALUES (1, ?, ?, now())",
          cluster,
          me.description());
      record(me);
      connection.commit();
    } finally {
      // Also rolls back after a failure.
      connection.rollback();
      connection.setAutoCommit(true);
    }
  }

  /** Joins the cluster that the row names. */
  public Hold join(Member me) {
    return hold(Optional.empty(), me);
  }

  /**
   * Ensures that this session holds the lock for a cluster. Writes the row again if it is missing
   * because the table was emptied.
   */
  public Hold hold(String cluster, Member me) {
    return hold(Optional.of(cluster), me);
  }

  private Hold hold(Optional<String> cluster, Member me) {
    try {
      var before = identity();
      if (differs(before, cluster)) return new Hold.Other(before.orElseThrow());
      if (before.isPresent() && holdsShared()) return new Hold.Held(before.get().cluster());
      if (!is("SELECT pg_try_advisory_lock_shared" + LOCK)) return new Hold.Busy();
      // The row cannot change while the lock is held. It may have changed before, so it is read
      // again.
      if (cluster.isPresent()) nameIfUnnamed(cluster.get(), me);
      var now = identity();
      if (now.isEmpty() || differs(now, cluster)) {
        execute("SELECT pg_advisory_unlock_shared" + LOCK);
        return now.isEmpty() ? new Hold.Unnamed() : new Hold.Other(now.get());
      }
      record(me);
      return new Hold.Held(now.get().cluster());
    } catch (SQLException e) {
      throw failed(e);
    }
  }

  private static boolean differs(Optional<Identity> row, Optional<String> cluster) {
    return row.isPresent() && cluster.isPresent() && !row.get().cluster().equals(cluster.get());
  }

  private void nameIfUnnamed(String cluster, Member me) throws SQLException {
    update(
        "INSERT INTO cluster_identity (id, cluster, formed_by, formed_at) VALUES (1, ?, ?, now())"
            + " ON CONFLICT DO NOTHING",
        cluster,
        me.description());
  }

  private boolean holdsShared() throws SQLException {
    return is(
        "SELECT EXISTS (SELECT FROM pg_locks WHERE locktype = 'advisory' AND pid ="
            + " pg_backend_pid() AND granted AND mode = 'ShareLock' AND objsubid = 2 AND classid ="
            + (" " + LOCK_CLASS + " AND objid = 'cluster_identity'::regclass)"));
  }

  /** Leaves the cluster, so that the next node need not wait for this process. */
  public void leave(Member me) {
    forget(me.node());
    try {
      // PostgreSQL notices the end of a session only a moment later, so the lock is released
      // explicitly.
      execute("SELECT pg_advisory_unlock_all()");
    } catch (SQLException e) {
      throw failed(e);
    }
  }

  private void record(Member me) throws SQLException {
    update(
        "INSERT INTO cluster_members (node, description, joined_at) VALUES (?, ?, now()) ON"
            + " CONFLICT DO NOTHING",
        me.node(),
        me.description());
  }

  private Optional<Identity> identity() throws SQLException {
    try (PreparedStatement query =
            connection.prepareStatement("SELECT cluster, formed_by FROM cluster_identity");
        ResultSet row = query.executeQuery()) {
      if (!row.next()) return Optional.empty();
      return Optional.of(new Identity(row.getString(1), row.getString(2)));
    }
  }

  private List<String> members(Member except) throws SQLException {
    try (PreparedStatement query =
        connection.prepareStatement(
            "SELECT description FROM cluster_members WHERE node <> ? ORDER BY joined_at")) {
      query.setString(1, except.node());
      try (ResultSet rows = query.executeQuery()) {
        List<String> all = new ArrayList<>();
        while (rows.next()) all.add(rows.getString(1));
        return List.copyOf(all);
      }
    }
  }

  private boolean is(String sql) throws SQLException {
    try (var query = connection.createStatement();
        var row = query.executeQuery(sql)) {
      return row.next() && row.getBoolean(1);
    }
  }

  private void execute(String sql) throws SQLException {
    try (var statement = connection.createStatement()) {
      statement.execute(sql);
    }
  }

  private void update(String sql, String... values) throws SQLException {
    try (var statement = connection.prepareStatement(sql)) {
      for (int n = 0; n < values.length; n++) statement.setString(n + 1, values[n]);
      statement.executeUpdate();
    }
  }

  private static StorageException failed(SQLException e) {
    return new StorageException(cannot("use the database", StorageException.rootMessage(e)), e);
  }

  /** Ends the session and releases the lock. */
  @Override
  public void close() {
    try {
      connection.close();
    } catch (SQLException gone) {
      // The connection is gone, so PostgreSQL releases the lock.
    }
  }
}
