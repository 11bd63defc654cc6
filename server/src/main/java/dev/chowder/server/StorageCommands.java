package dev.chowder.server;

import com.typesafe.config.Config;
import dev.chowder.secret.BackupTag;
import dev.chowder.secret.SecretSettings;
import dev.chowder.storage.Database;
import dev.chowder.storage.DatabaseTransfer;
import dev.chowder.storage.StorageSettings;
import dev.chowder.storage.TableDigest;
import java.io.PrintStream;
import java.nio.file.Path;
import java.util.List;

/**
 * Runs an operator's commands on the database and its backups, which need no running node. Called
 * by {@code scripts/migrate}, {@code backup}, {@code restore} and {@code move-to-postgresql}.
 */
final class StorageCommands {
  private static final String USAGE =
      """
      arguments: must be none, migrate, backup FILE, restore FILE, move-to-postgresql URL, \
      sign-backup FILE or verify-backup [--unsigned] FILE [KEY-FILE...]; got\s""";

  private StorageCommands() {}

  /**
   * Runs the command and prints the result.
   *
   * @param arguments not empty
   */
  static void run(Config config, List<String> arguments, PrintStream out) {
    if (arguments.getFirst().equals("verify-backup")) {
      verify(config, arguments.subList(1, arguments.size()), out);
      return;
    }
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
      case "sign-backup/1" ->
          out.println(
              "signed by key "
                  + new BackupTag(SecretSettings.from(config), List.of())
                      .sign(Path.of(arguments.get(1))));
      default -> throw new IllegalArgumentException(USAGE + String.join(" ", arguments));
    }
  }

  /**
   * Verifies the whole file that {@code scripts/backup} wrote, before anything reads its content.
   */
  private static void verify(Config config, List<String> arguments, PrintStream out) {
    boolean unsignedToo = !arguments.isEmpty() && arguments.getFirst().equals("--unsigned");
    var files = arguments.subList(unsignedToo ? 1 : 0, arguments.size());
    if (files.isEmpty()) {
      throw new IllegalArgumentException(USAGE + "verify-backup " + String.join(" ", arguments));
    }
    var keyFiles = files.stream().skip(1).map(Path::of).toList();
    out.println(
        new BackupTag(SecretSettings.from(config), keyFiles)
            .verify(Path.of(files.getFirst()), unsignedToo));
  }

  private static void report(List<TableDigest> copied, PrintStream out) {
    copied.forEach(table -> out.println("  " + table));
  }
}
