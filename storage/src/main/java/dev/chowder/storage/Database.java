package dev.chowder.storage;

import static dev.chowder.base.ErrorText.cannot;

import com.zaxxer.hikari.HikariDataSource;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.sql.SQLException;
import java.util.List;
import java.util.function.Predicate;
import javax.sql.DataSource;
import org.jdbi.v3.core.Handle;
import org.jdbi.v3.core.HandleCallback;
import org.jdbi.v3.core.Jdbi;
import org.jdbi.v3.core.statement.UnableToExecuteStatementException;

/**
 * The migrated database and a bounded pool of connections to it. Does not know any table.
 *
 * <p>Every method blocks: call it from a virtual thread, never from an actor. The journal has its
 * own connections to the same database ({@link JournalDatabase}). Open this class first, since it
 * creates the tables.
 */
public final class Database implements AutoCloseable {
  /** The SQL state class of violated constraints, including duplicate rows. */
  private static final String INTEGRITY = "23";

  private final Dialect dialect;
  private final HikariDataSource dataSource;
  private final Jdbi jdbi;

  private Database(Dialect dialect, HikariDataSource dataSource) {
    this.dialect = dialect;
    this.dataSource = dataSource;
    this.jdbi = Jdbi.create(dataSource);
  }

  /**
   * Connects, and creates the tables of an empty database.
   *
   * @throws StorageException if the database cannot be reached, is in use by another process, or
   *     was moved to another one; also if a newer version migrated it, or an older version whose
   *     nodes may still run
   */
  public static Database open(StorageSettings settings) {
    MovedDatabase.reject(settings);
    createDirectory(settings.directory());
    // Uses connections that are closed afterwards. H2 binds a constraint such as CHECK (x IN (...))
    // to the session that created it. The pool closes each of its sessions after half an hour, and
    // then the table would accept no more rows. When H2 opens a database, it binds its constraints
    // to the database itself.
    Schema.prepare(settings);
    return new Database(
        settings.dialect(), ConnectionPool.open("chowder", settings, settings.tables()));
  }

  /**
   * Migrates the tables of an older version. Nodes of that version must be stopped.
   *
   * @throws StorageException if the database cannot be reached or was migrated by a newer version
   */
  public static void migrate(StorageSettings settings) {
    createDirectory(settings.directory());
    Schema.migrate(settings);
  }

  public Jdbi jdbi() {
    return jdbi;
  }

  public DataSource dataSource() {
    return dataSource;
  }

  /** Inserts or updates a row. Returns false if a newer revision is stored. */
  public boolean upsert(Upsert row) {
    return dialect.upsertsInOneStatement()
        ? jdbi.withHandle(handle -> dialect.upsert(handle, row))
        : write(handle -> dialect.upsert(handle, row));
  }

  /** Inserts a row unless one with the same key exists. Returns whether it was inserted. */
  public boolean insert(Upsert row) {
    return dialect.upsertsInOneStatement()
        ? jdbi.withHandle(handle -> dialect.insert(handle, row))
        : write(handle -> dialect.insert(handle, row));
  }

  /**
   * Writes a row if it passes a check, in one transaction. Rows that the check locks do not change
   * until the row is written. Unlike {@link #upsert}, it never replaces a row that another writer
   * inserted after the check.
   *
   * @return whether the row was written
   */
  public boolean upsertIf(Upsert row, Predicate<Handle> allowed) {
    try {
      return jdbi.inTransaction(
          handle -> {
            // Queried before the check: if another writer inserts the row later, the insert fails.
            var write = row.exists(handle) ? row.update() : row.insert();
            return allowed.test(handle) && row.bind(handle.createUpdate(write)).execute() > 0;
          });
    } catch (UnableToExecuteStatementException e) {
      if (!isDuplicate(e)) throw e;
      return false;
    }
  }

  /**
   * Inserts or updates a row as a part of {@link #write}. Returns false if a newer revision is
   * stored.
   */
  boolean upsert(Handle handle, Upsert row) {
    return dialect.upsert(handle, row);
  }

  /**
   * Inserts or updates several rows of one table as a part of {@link #write}. Returns for each row
   * whether it was written.
   */
  boolean[] upsertAll(Handle handle, List<Upsert> rows) {
    return dialect.upsertAll(handle, rows);
  }

  /** See {@link Dialect#newestInstancesFirst}. */
  String newestInstancesFirst(boolean ofOneStatus) {
    return dialect.newestInstancesFirst(ofOneStatus);
  }

  /**
   * Writes in one transaction. Repeats it once if another writer inserted the row between the query
   * and the insert: then there is a row to compare with.
   */
  <T> T write(HandleCallback<T, RuntimeException> work) {
    try {
      return jdbi.inTransaction(work);
    } catch (UnableToExecuteStatementException e) {
      if (!isDuplicate(e)) throw e;
      return jdbi.inTransaction(work);
    }
  }

  /** Runs work in a transaction during which no other node writes this table. */
  public <T> T exclusively(String table, HandleCallback<T, RuntimeException> work) {
    return jdbi.inTransaction(
        handle -> {
          dialect.lock(handle, table);
          return work.withHandle(handle);
        });
  }

  @Override
  public void close() {
    dataSource.close();
  }

  private static boolean isDuplicate(UnableToExecuteStatementException e) {
    return e.getCause() instanceof SQLException why
        && String.valueOf(why.getSQLState()).startsWith(INTEGRITY);
  }

  private static void createDirectory(Path directory) {
    if (Files.isDirectory(directory)) return;
    try {
      Files.createDirectories(
          directory,
          PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
    } catch (IOException e) {
      throw new StorageException(
          cannot(
              "create the storage directory " + directory,
              e.toString(),
              "use a writable directory"),
          e);
    }
  }
}
