package dev.chowder.storage;

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
 * The migrated database and a bounded pool of connections to it. Knows no table of its own.
 *
 * <p>Everything here blocks: call it from a virtual thread, never from an actor. The journal uses
 * the same database with connections of its own ({@link JournalDatabase}), so open this one first:
 * it makes the tables.
 */
public final class Database implements AutoCloseable {
  /** What SQL calls a broken constraint; also of a row that is there already. */
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
   * Connects, and makes the tables of an empty database.
   *
   * @throws StorageException when the database cannot be reached, is held by another process, was
   *     moved away, was migrated by a newer version, or by an older one whose nodes may still run
   */
  public static Database open(StorageSettings settings) {
    LeftBehind.refuse(settings);
    makeDirectory(settings.directory());
    // With connections that are gone afterwards: H2 binds a constraint such as CHECK (x IN (...))
    // to
    // the session that made it, and the pool ends each of its sessions after half an hour; then the
    // table would take no row any more. A database that is opened binds them to itself.
    Schema.prepare(settings);
    return new Database(
        settings.dialect(), ConnectionPool.open("chowder", settings, settings.tables()));
  }

  /**
   * Brings the tables of an older version up; nodes of that version must not run any more.
   *
   * @throws StorageException when the database cannot be reached or was migrated by a newer version
   */
  public static void migrate(StorageSettings settings) {
    makeDirectory(settings.directory());
    Schema.migrate(settings);
  }

  public Jdbi jdbi() {
    return jdbi;
  }

  public DataSource dataSource() {
    return dataSource;
  }

  /** Whether the row was written; false: a newer revision is there. */
  public boolean upsert(Upsert row) {
    return dialect.upsertsAtOnce()
        ? jdbi.withHandle(handle -> dialect.upsert(handle, row))
        : write(handle -> dialect.upsert(handle, row));
  }

  /**
   * Writes a row if it passes a check, in one transaction. Rows that the check locks stay as they
   * are until the row is written. Unlike {@link #upsert}, it never replaces a row that another
   * writer inserted after the check.
   *
   * @return whether the row was written
   */
  public boolean upsertIf(Upsert row, Predicate<Handle> allowed) {
    try {
      return jdbi.inTransaction(
          handle -> {
            // Looked up before the check, so that a row that another writer inserts later fails
            // ours.
            var write = row.isThere(handle) ? row.update() : row.insert();
            return allowed.test(handle) && row.bind(handle.createUpdate(write)).execute() > 0;
          });
    } catch (UnableToExecuteStatementException e) {
      if (!isAlreadyThere(e)) throw e;
      return false;
    }
  }

  /** The same as a part of {@link #write}. */
  boolean upsert(Handle handle, Upsert row) {
    return dialect.upsert(handle, row);
  }

  /** The same of rows of one table, each by itself. */
  boolean[] upsertAll(Handle handle, List<Upsert> rows) {
    return dialect.upsertAll(handle, rows);
  }

  /** See {@link Dialect#newestInstancesFirst}. */
  String newestInstancesFirst(boolean ofOneStatus) {
    return dialect.newestInstancesFirst(ofOneStatus);
  }

  /**
   * Writes in one transaction, and a second time when another writer inserted between our look and
   * our insert: now there is a row to compare with.
   */
  <T> T write(HandleCallback<T, RuntimeException> work) {
    try {
      return jdbi.inTransaction(work);
    } catch (UnableToExecuteStatementException e) {
      if (!isAlreadyThere(e)) throw e;
      return jdbi.inTransaction(work);
    }
  }

  /** In one transaction, during which no other node writes this table. */
  public <T> T alone(String table, HandleCallback<T, RuntimeException> work) {
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

  private static boolean isAlreadyThere(UnableToExecuteStatementException e) {
    return e.getCause() instanceof SQLException why
        && String.valueOf(why.getSQLState()).startsWith(INTEGRITY);
  }

  private static void makeDirectory(Path directory) {
    if (Files.isDirectory(directory)) return;
    try {
      Files.createDirectories(
          directory,
          PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
    } catch (IOException e) {
      throw new StorageException(
          "storage directory: " + directory + " cannot be made (expected: a writable place)", e);
    }
  }
}
