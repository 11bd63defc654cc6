package dev.chowder.operate.admin.storage;

import dev.chowder.cli.failure.ExitCode;
import dev.chowder.storage.Database;
import picocli.CommandLine.Command;

/** The command {@code migrate}. */
@Command(
    name = "migrate",
    description = "Migrate the tables in PostgreSQL to this version",
    footer = {
      "",
      "A node does not migrate them at its start, because nodes of the older version may still use"
          + " them. Stop all nodes first."
    })
public final class MigrateCommand extends StorageCommand {
  @Override
  void work() {
    startDatabase();
    try (var _ = begin()) {
      installation().requireStopped("a migration");
      requirePostgreSql();
      Database.migrate(database());
      say("The database is at this version.");
    }
  }

  /** Otherwise an H2 database would be created, if the caller forgot the URL of the real one. */
  private void requirePostgreSql() {
    if (!database().isOwnedByOneNode()) return;
    throw ExitCode.USAGE.failure(
        "CHOWDER_STORAGE_URL: must be the URL of a PostgreSQL; a node migrates an H2 file at its start");
  }
}
