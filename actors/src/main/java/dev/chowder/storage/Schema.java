package dev.chowder.storage;

import java.util.Arrays;
import java.util.Objects;
import org.flywaydb.core.Flyway;
import org.flywaydb.core.api.FlywayException;
import org.flywaydb.core.api.MigrationInfo;
import org.flywaydb.core.api.MigrationVersion;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The version of the tables: which one is there, which one this version needs, and who may bring
 * the one to the other. Knows no table.
 */
final class Schema {
  private static final Logger LOG = LoggerFactory.getLogger(Schema.class);

  private Schema() {}

  /**
   * For a node that starts: makes the tables of an empty database, and brings older ones up where
   * no older node can be at work on them.
   *
   * @throws StorageException when the tables are newer, or older and shared
   */
  static void prepare(StorageSettings settings) {
    boolean shared = !settings.dialect().isOwnedByOneNode();
    withFlyway(
        settings,
        flyway -> {
          MigrationInfo current = flyway.info().current();
          boolean older = current != null && flyway.info().pending().length > 0;
          if (older && shared) {
            throw new StorageException(
                "database: schema version "
                    + current.getVersion()
                    + " (expected: "
                    + known(flyway)
                    + "): end the older nodes, then run scripts/migrate");
          }
          migrate(flyway);
        });
  }

  /**
   * Migrates the tables for an operator who has stopped all older nodes. Nodes of versions without
   * the cluster's lock are only visible by their sessions.
   *
   * @throws StorageException if the tables are newer, or older and in use by other sessions
   */
  static void migrate(StorageSettings settings) {
    boolean shared = !settings.dialect().isOwnedByOneNode();
    withFlyway(
        settings,
        flyway -> {
          boolean older = flyway.info().current() != null && flyway.info().pending().length > 0;
          if (older && shared) {
            var connections = flyway.getConfiguration().getDataSource();
            OtherSessions.refuse(connections, settings.limits().connect());
          }
          migrate(flyway);
        });
  }

  private interface Work {
    void on(Flyway flyway);
  }

  /** On connections of its own: a migration may take longer than any call. */
  private static void withFlyway(StorageSettings settings, Work work) {
    try (var connections = ConnectionPool.openForLongWork("chowder-schema", settings)) {
      Flyway flyway =
          Flyway.configure()
              .dataSource(connections)
              .locations(settings.dialect().migrations())
              .failOnMissingLocations(true)
              // All or nothing where others may look meanwhile: they see an empty database, and
              // then
              // wait for Flyway's lock. H2 cannot.
              .group(!settings.dialect().isOwnedByOneNode())
              .load();
      refuseNewer(flyway);
      work.on(flyway);
    } catch (FlywayException e) {
      throw new StorageException(
          "database: migration failed: "
              + StorageException.rootMessage(e)
              + " (expected: a schema that this version made)",
          e);
    }
  }

  private static void migrate(Flyway flyway) {
    int applied = flyway.migrate().migrationsExecuted;
    if (applied > 0) LOG.info("database migrated migrations={}", applied);
  }

  private static void refuseNewer(Flyway flyway) {
    MigrationInfo current = flyway.info().current();
    if (current == null || current.getVersion() == null) return;
    MigrationVersion known = known(flyway);
    if (current.getVersion().isNewerThan(known)) {
      throw new StorageException(
          "database: schema version "
              + current.getVersion()
              + " (expected: at most "
              + known
              + "): a newer Chowder has migrated it, start that version or restore a backup");
    }
  }

  /** The newest version that this Chowder brings along. */
  private static MigrationVersion known(Flyway flyway) {
    return Arrays.stream(flyway.info().all())
        .filter(migration -> !migration.getState().name().startsWith("FUTURE"))
        .map(MigrationInfo::getVersion)
        .filter(Objects::nonNull)
        .max(MigrationVersion::compareTo)
        .orElse(MigrationVersion.EMPTY);
  }
}
