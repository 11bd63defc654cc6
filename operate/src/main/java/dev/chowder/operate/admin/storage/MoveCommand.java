package dev.chowder.operate.admin.storage;

import dev.chowder.cli.failure.ExitCode;
import dev.chowder.storage.DatabaseTransfer;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;

/** The command {@code move-to-postgresql}. */
@Command(
    name = "move-to-postgresql",
    description =
        "Copy the H2 database of a stopped installation into an empty PostgreSQL database, and"
            + " compare all rows",
    footer = {
      "",
      "Set CHOWDER_STORAGE_USER and CHOWDER_STORAGE_PASSWORD_FILE for it. After that, \"chowder"
          + " up\" requires CHOWDER_STORAGE_URL with that URL. The H2 file is kept, but no server"
          + " starts with it."
    })
public final class MoveCommand extends StorageCommand {
  @Parameters(paramLabel = "URL", description = "jdbc:postgresql://HOST:PORT/DATABASE")
  private String url = "";

  @Override
  void work() {
    var from = database();
    if (!from.isOwnedByOneNode()) {
      throw ExitCode.USAGE.failure(
          "CHOWDER_STORAGE_URL: must be unset, because the H2 file is moved; got a PostgreSQL URL");
    }
    installation().requireCreated();
    var to = from.at(url);
    try (var _ = begin()) {
      installation().requireStopped("a move");
      requireDatabase();
      report(DatabaseTransfer.move(from, to));
      say(
          "Moved all rows and compared them. To start Chowder, run: CHOWDER_STORAGE_URL='%s' chowder up"
              .formatted(url));
    }
  }
}
