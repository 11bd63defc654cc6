package dev.chowder.storage;

import static dev.chowder.base.ErrorText.cannot;

import java.util.Arrays;
import java.util.Objects;
import org.flywaydb.core.Flyway;
import org.flywaydb.core.api.FlywayException;
import org.flywaydb.core.api.MigrationInfo;
import org.flywaydb.core.api.MigrationInfoService;
import org.flywaydb.core.api.MigrationState;
import org.flywaydb.core.api.MigrationVersion;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Checks and migrates the version of the tables: the stored version, the version that this Chowder
 * needs, and the conditions of a migration. Does not know any table.
 */
final class Schema {
  private static final Logger LOG = LoggerFactory.getLogger(Schema.class);

  private Schema() {}

  /**
   * Creates the tables of an empty database for a starting node. Migrates older tables if no older
   * node can use them.
   *
   * @throws StorageException if the tables are newer, or are older and shared
   */
  static void prepare(StorageSettings settings) {
    boolean shared = !settings.dialect().isOwnedByOneNode();
    withFlyway(
        settings,
        (flyway, state) -> {
          if (state.isOlder() && shared) {
            throw new StorageException(
                cannot(
                    "use the database",
                    state.versions(),
                    "stop the older nodes, then run \"chowder admin migrate\""));
          }
          migrate(flyway, state);
        });
  }

  /**
   * Creates the tables of an empty database for a backup. Never migrates older tables: an operator
   * backs up before an upgrade to be able to return to the older version.
   *
   * @throws StorageException if the tables are newer or older
   */
  static void prepareForBackup(StorageSettings settings) {
    withFlyway(
        settings,
        (flyway, state) -> {
          if (state.isOlder()) {
            throw new StorageException(
                cannot(
                    "back up the database",
                    state.versions(),
                    "back up with the version of Chowder that last used it"));
          }
          migrate(flyway, state);
        });
  }

  /**
   * Migrates the tables for an operator who has stopped all older nodes. Nodes of versions without
   * the cluster's lock are visible only by their sessions.
   *
   * @throws StorageException if the tables are newer, or are older and in use by other sessions
   */
  static void migrate(StorageSettings settings) {
    boolean shared = !settings.dialect().isOwnedByOneNode();
    withFlyway(
        settings,
        (flyway, state) -> {
          if (state.isOlder() && shared) {
            var connections = flyway.getConfiguration().getDataSource();
            OtherSessions.reject(connections, settings.limits().connect());
          }
          migrate(flyway, state);
        });
  }

  private interface Work {
    void on(Flyway flyway, State state);
  }

  /**
   * The migrations of this Chowder and of the database. Each read scans both, so it happens once.
   */
  private record State(MigrationInfoService migrations) {
    boolean isOlder() {
      return migrations.current() != null && migrations.pending().length > 0;
    }

    /** Returns whether a migration would find nothing to do and nothing to reject. */
    boolean isCurrent() {
      return Arrays.stream(migrations.all())
          .allMatch(one -> one.getState() == MigrationState.SUCCESS && one.isChecksumMatching());
    }

    String versions() {
      return "it has schema version "
          + migrations.current().getVersion()
          + ", this Chowder needs "
          + known();
    }

    void rejectNewer() {
      MigrationInfo current = migrations.current();
      if (current == null || current.getVersion() == null) return;
      if (current.getVersion().isNewerThan(known())) {
        throw new StorageException(
            cannot(
                "use the database",
                "a newer Chowder migrated it to schema version "
                    + current.getVersion()
                    + ", this one supports at most "
                    + known(),
                "start the newer version or restore a backup"));
      }
    }

    /** Returns the newest schema version that this Chowder contains. */
    private MigrationVersion known() {
      return Arrays.stream(migrations.all())
          .filter(migration -> !migration.getState().name().startsWith("FUTURE"))
          .map(MigrationInfo::getVersion)
          .filter(Objects::nonNull)
          .max(MigrationVersion::compareTo)
          .orElse(MigrationVersion.EMPTY);
    }
  }

  /** Runs work with separate connections: a migration may take longer than any call. */
  private static void withFlyway(StorageSettings settings, Work work) {
    try (var connections = ConnectionPool.openForLongWork("chowder-schema", settings)) {
      Flyway flyway =
          Flyway.configure()
              .dataSource(connections)
              .locations(settings.dialect().migrations())
              .failOnMissingLocations(true)
              // In one transaction if other nodes may read meanwhile: they see an empty database
              // and then wait for Flyway's lock. H2 does not support that.
              .group(!settings.dialect().isOwnedByOneNode())
              .load();
      var state = new State(flyway.info());
      state.rejectNewer();
      work.on(flyway, state);
    } catch (FlywayException e) {
      throw new StorageException(
          cannot(
              "migrate the database",
              StorageException.rootMessage(e),
              "use a schema that Chowder created"),
          e);
    }
  }

  private static void migrate(Flyway flyway, State state) {
    if (state.isCurrent()) return;
    int applied = flyway.migrate().migrationsExecuted;
    if (applied > 0) LOG.info("database migrated migrations={}", applied);
  }
}
