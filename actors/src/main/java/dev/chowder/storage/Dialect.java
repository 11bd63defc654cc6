package dev.chowder.storage;

import com.zaxxer.hikari.HikariConfig;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.List;
import java.util.Locale;
import org.h2.engine.Constants;
import org.jdbi.v3.core.Handle;
import slick.jdbc.H2Profile$;
import slick.jdbc.JdbcProfile;
import slick.jdbc.PostgresProfile$;

/**
 * The databases that Chowder runs on, and everything in which they differ for it. The URL says
 * which one it is; nothing else asks.
 */
enum Dialect {
  /** A file that one process holds: there is never another node. */
  H2("jdbc:h2:", true) {
    @Override
    JdbcProfile journalProfile() {
      return H2Profile$.MODULE$;
    }

    // The file's mode protects it, and user and password are those of a PostgreSQL that it moves
    // to.
    @Override
    void authenticate(HikariConfig pool, StorageSettings settings) {}

    // It runs in this process: there is no network that could fall silent.
    @Override
    void limit(HikariConfig pool, StorageSettings.Limits limits) {}

    @Override
    boolean upsertsAtOnce() {
      return false;
    }

    @Override
    boolean upsert(Handle handle, Upsert row) {
      if (row.bind(handle.createUpdate(row.update())).execute() > 0) return true;
      if (row.isThere(handle)) return false;
      row.bind(handle.createUpdate(row.insert())).execute();
      return true;
    }

    // An index is walked only in the order of all its columns, those with one value included.
    @Override
    String newestInstancesFirst(boolean ofOneStatus) {
      return "organization_id DESC, terminated_at DESC, "
          + (ofOneStatus ? "status DESC, " : "")
          + "id DESC";
    }

    @Override
    void lock(Handle handle, String table) {}

    @Override
    void readOneMoment(Connection connection) throws SQLException {
      try (var statement = connection.createStatement()) {
        statement.execute("SET LAZY_QUERY_EXECUTION 1");
      }
      connection.setAutoCommit(false);
      connection.setTransactionIsolation(Constants.TRANSACTION_SNAPSHOT);
    }

    @Override
    String nextIdentity(TableShape table, TableShape.Column column) {
      return "SELECT IDENTITY_BASE FROM INFORMATION_SCHEMA.COLUMNS WHERE TABLE_SCHEMA ="
          + " CURRENT_SCHEMA AND LOWER(TABLE_NAME) = '%s' AND LOWER(COLUMN_NAME) = '%s'"
              .formatted(table.name(), column.name());
    }

    @Override
    boolean isHeldByAnother(SQLException why) {
      return why.getErrorCode() == H2_IN_USE;
    }
  },

  /** A server that many nodes share. */
  POSTGRESQL("jdbc:postgresql:", false) {
    @Override
    JdbcProfile journalProfile() {
      return PostgresProfile$.MODULE$;
    }

    @Override
    void authenticate(HikariConfig pool, StorageSettings settings) {
      settings.user().ifPresent(pool::setUsername);
      settings.password().ifPresent(password -> pool.setPassword(password.reveal()));
    }

    @Override
    void limit(HikariConfig pool, StorageSettings.Limits limits) {
      // What stands in the URL goes before these.
      pool.addDataSourceProperty("ApplicationName", pool.getPoolName());
      pool.addDataSourceProperty("tcpKeepAlive", "true");
      pool.addDataSourceProperty("connectTimeout", Long.toString(limits.connect().toSeconds()));
      pool.addDataSourceProperty("loginTimeout", Long.toString(limits.connect().toSeconds()));
      if (limits.statement().isZero()) return;
      pool.addDataSourceProperty("socketTimeout", Long.toString(limits.silence().toSeconds()));
      pool.addDataSourceProperty(
          "options",
          "-c statement_timeout=%d -c idle_in_transaction_session_timeout=%d"
              .formatted(limits.statement().toMillis(), limits.silence().toMillis()));
    }

    @Override
    boolean upsertsAtOnce() {
      return true;
    }

    @Override
    boolean upsert(Handle handle, Upsert row) {
      return row.bind(handle.createUpdate(row.insertOrUpdate())).execute() > 0;
    }

    @Override
    boolean[] upsertAll(Handle handle, List<Upsert> rows) {
      var batch = handle.prepareBatch(rows.getFirst().insertOrUpdate());
      rows.forEach(row -> row.bind(batch).add());
      var counts = batch.execute();
      var written = new boolean[counts.length];
      for (int n = 0; n < counts.length; n++) written[n] = counts[n] > 0;
      return written;
    }

    // Also the order in which a label's instances lie in their index.
    @Override
    String newestInstancesFirst(boolean ofOneStatus) {
      return "id DESC";
    }

    @Override
    void lock(Handle handle, String table) {
      handle.execute("LOCK TABLE " + table + " IN SHARE ROW EXCLUSIVE MODE");
    }

    @Override
    void readOneMoment(Connection connection) throws SQLException {
      connection.setAutoCommit(false);
      connection.setTransactionIsolation(Connection.TRANSACTION_REPEATABLE_READ);
      connection.setReadOnly(true);
    }

    @Override
    String nextIdentity(TableShape table, TableShape.Column column) {
      // By the name that PostgreSQL gives the sequence of an identity column.
      return "SELECT last_value + CASE WHEN is_called THEN 1 ELSE 0 END FROM %s_%s_seq"
          .formatted(table.name(), column.name());
    }

    @Override
    boolean isHeldByAnother(SQLException why) {
      return false;
    }
  };

  private static final int H2_IN_USE = 90020;

  private final String scheme;
  private final boolean ownedByOneNode;

  Dialect(String scheme, boolean ownedByOneNode) {
    this.scheme = scheme;
    this.ownedByOneNode = ownedByOneNode;
  }

  /**
   * By the URL's beginning.
   *
   * @throws IllegalArgumentException when it is no database that Chowder knows; the message does
   *     not quote what may hold a password
   */
  static Dialect of(String url) {
    for (Dialect dialect : values()) {
      if (url.startsWith(dialect.scheme)) return dialect;
    }
    throw new IllegalArgumentException(
        "chowder.storage.url: another database (expected: jdbc:h2:... or jdbc:postgresql://...)");
  }

  /** Where its migrations lie. */
  String migrations() {
    return "classpath:db/migration/" + name().toLowerCase(Locale.ROOT);
  }

  /** Whether no other node, which may be older, can be at work on the same tables. */
  boolean isOwnedByOneNode() {
    return ownedByOneNode;
  }

  /** How Pekko's journal speaks to it. */
  abstract JdbcProfile journalProfile();

  /** Says who we are to it. */
  abstract void authenticate(HikariConfig pool, StorageSettings settings);

  /** Bounds how long a connection of the pool may keep its caller waiting. */
  abstract void limit(HikariConfig pool, StorageSettings.Limits limits);

  /** Whether {@link #upsert} is one statement, which needs no transaction. */
  abstract boolean upsertsAtOnce();

  /** Writes the row, unless a newer revision is there; returns whether it was written. */
  abstract boolean upsert(Handle handle, Upsert row);

  /** The same of several rows of one table, at least one. */
  boolean[] upsertAll(Handle handle, List<Upsert> rows) {
    var written = new boolean[rows.size()];
    for (int n = 0; n < written.length; n++) written[n] = upsert(handle, rows.get(n));
    return written;
  }

  /**
   * The order of a page of one organization's instances that are not terminated: by id alone, said
   * so that an index is walked backwards instead of sorting all that match.
   */
  abstract String newestInstancesFirst(boolean ofOneStatus);

  /** Until the end of the transaction nobody else writes this table. */
  abstract void lock(Handle handle, String table);

  /** From now on this connection reads, row by row, what was there at one moment, and only that. */
  abstract void readOneMoment(Connection connection) throws SQLException;

  /** A query for the number that an identity column gives next. */
  abstract String nextIdentity(TableShape table, TableShape.Column column);

  abstract boolean isHeldByAnother(SQLException why);
}
