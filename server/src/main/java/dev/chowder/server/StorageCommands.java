package dev.chowder.server;

import com.typesafe.config.Config;
import dev.chowder.storage.Database;
import dev.chowder.storage.DatabaseTransfer;
import dev.chowder.storage.StorageSettings;
import dev.chowder.storage.TableDigest;
import java.io.PrintStream;
import java.nio.file.Path;
import java.util.List;

/**
 * What an operator orders of the database while no node needs to run. Reached by {@code
 * scripts/migrate}, {@code backup}, {@code restore} and {@code move-to-postgresql}.
 */
final class StorageCommands {
  private static final String USAGE =
      " (expected: nothing, migrate, backup FILE, restore FILE or move-to-postgresql URL)";

  private StorageCommands() {}

  /**
   * Does it, and says what was done.
   *
   * @param arguments not empty
   */
  static void run(Config config, List<String> arguments, PrintStream out) {
    var settings = StorageSettings.from(config);
    var command = arguments.getFirst() + "/" + (arguments.size() - 1);
    switch (command) {
      case "migrate/0" -> {
        Database.migrate(settings);
        out.println("the database is at this version");
      }
      case "backup/1" -> report(DatabaseTransfer.backUp(settings, Path.of(arguments.get(1))), out);
      case "restore/1" ->
          report(DatabaseTransfer.restore(Path.of(arguments.get(1)), settings), out);
      case "move-to-postgresql/1" ->
          report(DatabaseTransfer.move(settings, settings.at(arguments.get(1))), out);
      default ->
          throw new IllegalArgumentException("arguments: " + String.join(" ", arguments) + USAGE);
    }
  }

  private static void report(List<TableDigest> copied, PrintStream out) {
    copied.forEach(table -> out.println("  " + table));
  }
}
