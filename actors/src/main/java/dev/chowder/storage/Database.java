package dev.chowder.storage;

import com.zaxxer.hikari.HikariConfig;
import com.zaxxer.hikari.HikariDataSource;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.sql.SQLException;
import java.util.Arrays;
import java.util.Objects;
import javax.sql.DataSource;
import org.flywaydb.core.Flyway;
import org.flywaydb.core.api.FlywayException;
import org.flywaydb.core.api.MigrationInfo;
import org.flywaydb.core.api.MigrationVersion;
import org.jdbi.v3.core.Jdbi;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The migrated database and a bounded pool of connections to it. Knows no table of its own.
 *
 * <p>Everything here blocks: call it from a virtual thread, never from an actor. The journal uses
 * the same database with connections of its own, so open this one first: it makes the tables.
 */
public final class Database implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(Database.class);
  private static final String MIGRATIONS = "classpath:db/migration/h2";

  /** H2's code for a database that another process holds. */
  private static final int H2_IN_USE = 90020;

  private final HikariDataSource dataSource;
  private final Jdbi jdbi;

  private Database(HikariDataSource dataSource) {
    this.dataSource = dataSource;
    this.jdbi = Jdbi.create(dataSource);
  }

  /**
   * Connects and migrates.
   *
   * @throws StorageException when the database cannot be reached, is held by another process, or
   *     was migrated by a newer version
   */
  public static Database open(StorageSettings settings) {
    makeDirectory(settings.directory());
    HikariDataSource dataSource = connect(settings);
    try {
      if (migrate(dataSource) == 0) return new Database(dataSource);
    } catch (RuntimeException e) {
      dataSource.close();
      throw e;
    }
    // The embedded database is closed after a migration: H2 binds a constraint such as CHECK
    // (x IN (...)) to the session that made it, and the pool ends each of its sessions after half
    // an hour; then the table would take no row any more. A database that is opened binds them to
    // itself.
    dataSource.close();
    return new Database(connect(settings));
  }

  public Jdbi jdbi() {
    return jdbi;
  }

  public DataSource dataSource() {
    return dataSource;
  }

  @Override
  public void close() {
    dataSource.close();
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

  private static HikariDataSource connect(StorageSettings settings) {
    HikariConfig config = new HikariConfig();
    config.setPoolName("chowder");
    config.setJdbcUrl(settings.url());
    config.setMaximumPoolSize(settings.poolSize());
    config.setConnectionTimeout(settings.connectionTimeOut().toMillis());
    try {
      return new HikariDataSource(config);
    } catch (RuntimeException e) {
      if (causedBy(e, H2_IN_USE)) {
        throw new StorageException(
            "database: held by another process (expected: one Chowder per storage directory)", e);
      }
      throw new StorageException(
          "database: " + rootMessage(e) + " (expected: a database that answers)", e);
    }
  }

  /** Returns how many migrations were applied. */
  private static int migrate(DataSource dataSource) {
    Flyway flyway =
        Flyway.configure()
            .dataSource(dataSource)
            .locations(MIGRATIONS)
            .failOnMissingLocations(true)
            .load();
    try {
      refuseNewer(flyway);
      int applied = flyway.migrate().migrationsExecuted;
      if (applied > 0) LOG.info("database migrated migrations={}", applied);
      return applied;
    } catch (FlywayException e) {
      throw new StorageException(
          "database: migration failed: "
              + rootMessage(e)
              + " (expected: a schema that this version made)",
          e);
    }
  }

  private static void refuseNewer(Flyway flyway) {
    var info = flyway.info();
    MigrationInfo current = info.current();
    if (current == null || current.getVersion() == null) return;
    MigrationVersion known =
        Arrays.stream(info.all())
            .filter(migration -> !migration.getState().name().startsWith("FUTURE"))
            .map(MigrationInfo::getVersion)
            .filter(Objects::nonNull)
            .max(MigrationVersion::compareTo)
            .orElse(MigrationVersion.EMPTY);
    if (current.getVersion().isNewerThan(known)) {
      throw new StorageException(
          "database: schema version "
              + current.getVersion()
              + " (expected: at most "
              + known
              + "): a newer Chowder has migrated it, start that version or restore a backup");
    }
  }

  private static boolean causedBy(Throwable thrown, int errorCode) {
    for (Throwable t = thrown; t != null; t = t.getCause()) {
      if (t instanceof SQLException sql && sql.getErrorCode() == errorCode) return true;
    }
    return false;
  }

  private static String rootMessage(Throwable thrown) {
    Throwable root = thrown;
    while (root.getCause() != null) root = root.getCause();
    return String.valueOf(root.getMessage()).lines().findFirst().orElse("no reason given");
  }
}
