package dev.chowder.storage;

import static dev.chowder.base.ErrorText.must;

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
 * The supported databases, and all differences between them. The URL determines the dialect; no
 * other class distinguishes them.
 */
enum Dialect {
  /** A file that one process uses: there is never another node. */
  H2("jdbc:h2:", true) {
    @Override
    JdbcProfile journalProfile() {
      return H2Profile$.MODULE$;
    }

    // The file is protected by its mode. User and password are those of a PostgreSQL that it may be
    // moved to.
    @Override
    void authenticate(HikariConfig pool, StorageSettings settings) {}

    // H2 runs in this process, so there is no network that could fail.
    @Override
    void limit(HikariConfig pool, StorageSettings.Limits limits) {}

    @Override
    boolean upsertsInOneStatement() {
      return false;
    }

    @Override
    boolean upsert(Handle handle, Upsert row) {
      if (row.bind(handle.createUpdate(row.update())).execute() > 0) return true;
      if (row.exists(handle)) return false;
      row.bind(handle.createUpdate(row.insert())).execute();
      return true;
    }

    @Override
    boolean insert(Handle handle, Upsert row) {
      return !row.exists(handle) && row.bind(handle.createUpdate(row.insert())).execute() > 0;
    }

    // H2 reads an index in order only if the query names all of its columns, including those with
    // one value.
    @Override
    String newestInstancesFirst(boolean ofOneStatus) {
      return "organization_id DESC, terminated_at DESC, "
          + (ofOneStatus ? "status DESC, " : "")
          + "position DESC";
    }

    @Override
    void lock(Handle handle, String table) {}

    @Override
    void readSnapshot(Connection connection) throws SQLException {
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

  /** A server that several nodes share. */
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
      // Parameters of the URL take precedence over these.
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
    boolean upsertsInOneStatement() {
      return true;
    }

    @Override
    boolean upsert(Handle handle, Upsert row) {
      return row.bind(handle.createUpdate(row.insertOrUpdate())).execute() > 0;
    }

    @Override
    boolean insert(Handle handle, Upsert row) {
      return row.bind(handle.createUpdate(row.insertOrNothing())).execute() > 0;
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

    // The index of labels has the same order.
    @Override
    String newestInstancesFirst(boolean ofOneStatus) {
      return "position DESC";
    }

    @Override
    void lock(Handle handle, String table) {
      handle.execute("LOCK TABLE " + table + " IN SHARE ROW EXCLUSIVE MODE");
    }

    @Override
    void readSnapshot(Connection connection) throws SQLException {
      connection.setAutoCommit(false);
      connection.setTransactionIsolation(Connection.TRANSACTION_REPEATABLE_READ);
      connection.setReadOnly(true);
    }

    @Override
    String nextIdentity(TableShape table, TableShape.Column column) {
      // The name that PostgreSQL gives the sequence of an identity column.
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
   * Returns the dialect for a JDBC URL.
   *
   * @throws IllegalArgumentException if Chowder does not support the database; the message does not
   *     quote the URL, which may contain a password
   */
  static Dialect of(String url) {
    for (Dialect dialect : values()) {
      if (url.startsWith(dialect.scheme)) return dialect;
    }
    throw new IllegalArgumentException(
        must("chowder.storage.url", "begin with jdbc:h2: or jdbc:postgresql://"));
  }

  /** Returns the location of its migrations. */
  String migrations() {
    return "classpath:db/migration/" + name().toLowerCase(Locale.ROOT);
  }

  /** Returns whether no other node, which may be older, can use the same tables. */
  boolean isOwnedByOneNode() {
    return ownedByOneNode;
  }

  /** Returns the profile for Pekko's journal. */
  abstract JdbcProfile journalProfile();

  /** Sets the user and password of the pool. */
  abstract void authenticate(HikariConfig pool, StorageSettings settings);

  /** Limits how long a connection of the pool may block its caller. */
  abstract void limit(HikariConfig pool, StorageSettings.Limits limits);

  /**
   * Returns whether {@link #upsert} and {@link #insert} are one statement each, which needs no
   * transaction.
   */
  abstract boolean upsertsInOneStatement();

  /** Writes the row unless a newer revision is stored. Returns whether it was written. */
  abstract boolean upsert(Handle handle, Upsert row);

  /** Inserts the row unless one with its key exists. Returns whether it was inserted. */
  abstract boolean insert(Handle handle, Upsert row);

  /** Writes several rows of one table, at least one. Returns for each whether it was written. */
  boolean[] upsertAll(Handle handle, List<Upsert> rows) {
    var written = new boolean[rows.size()];
    for (int n = 0; n < written.length; n++) written[n] = upsert(handle, rows.get(n));
    return written;
  }

  /**
   * Returns the order of a page of one organization's instances that are not terminated: by
   * position alone. It is written so that the database reads an index backwards instead of sorting
   * all matches.
   */
  abstract String newestInstancesFirst(boolean ofOneStatus);

  /** Prevents other writes to this table until the end of the transaction. */
  abstract void lock(Handle handle, String table);

  /** Makes this connection read a snapshot of the database, row by row. */
  abstract void readSnapshot(Connection connection) throws SQLException;

  /** Returns a query for the next number of an identity column. */
  abstract String nextIdentity(TableShape table, TableShape.Column column);

  abstract boolean isHeldByAnother(SQLException why);
}
