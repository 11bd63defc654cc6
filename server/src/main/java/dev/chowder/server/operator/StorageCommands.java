package dev.chowder.server.operator;

import com.typesafe.config.Config;
import dev.chowder.secret.BackupTag;
import dev.chowder.secret.SecretSettings;
import dev.chowder.secret.SignedBackups;
import dev.chowder.settings.OldSettings;
import dev.chowder.storage.Database;
import dev.chowder.storage.DatabaseTransfer;
import dev.chowder.storage.StorageSettings;
import dev.chowder.storage.TableDigest;
import java.io.PrintStream;
import java.nio.file.Path;
import java.util.List;

/**
 * Runs an operator's commands on the database and its backups without a node. Used by {@code
 * scripts/migrate}, {@code backup}, {@code restore} and {@code move-to-postgresql}.
 */
public final class StorageCommands {
  private static final String USAGE =
      """
      arguments: must be none, migrate, backup [--unsigned] FILE, restore [--unsigned] FILE \
      [KEY-FILE...], move-to-postgresql URL, sign-backup FILE or verify-backup [--unsigned] FILE \
      [KEY-FILE...]; got\s""";

  private StorageCommands() {}

  /**
   * Runs the command and prints the result.
   *
   * @param arguments not empty
   */
  public static void run(Config config, List<String> arguments, PrintStream out) {
    OldSettings.reject(config, System.getenv());
    var command = arguments.getFirst();
    boolean unsigned = arguments.size() > 1 && arguments.get(1).equals("--unsigned");
    var operands = arguments.subList(unsigned ? 2 : 1, arguments.size());
    boolean reads = command.equals("restore") || command.equals("verify-backup");
    int count = reads ? Math.min(operands.size(), 1) : operands.size();
    var keyFiles = operands.stream().skip(1).map(Path::of).toList();
    var tag = new BackupTag(SecretSettings.from(config), reads ? keyFiles : List.of());
    switch (command + (unsigned ? " --unsigned/" : "/") + count) {
      case "migrate/0" -> {
        Database.migrate(StorageSettings.from(config));
        out.println("the database is at this version");
      }
      case "backup/1" -> report(backups(config, tag).write(file(operands)), out);
      case "backup --unsigned/1" -> report(backups(config, tag).writeUnsigned(file(operands)), out);
      case "restore/1", "restore --unsigned/1" ->
          report(backups(config, tag).restore(file(operands), unsigned, out::println), out);
      case "move-to-postgresql/1" -> {
        var settings = StorageSettings.from(config);
        report(DatabaseTransfer.move(settings, settings.at(operands.getFirst())), out);
      }
      case "sign-backup/1" -> out.println("signed by key " + tag.sign(file(operands)));
      case "verify-backup/1", "verify-backup --unsigned/1" ->
          out.println(tag.verify(file(operands), unsigned));
      default -> throw new IllegalArgumentException(USAGE + String.join(" ", arguments));
    }
  }

  private static SignedBackups backups(Config config, BackupTag tag) {
    return new SignedBackups(StorageSettings.from(config), tag);
  }

  private static Path file(List<String> operands) {
    return Path.of(operands.getFirst());
  }

  private static void report(List<TableDigest> copied, PrintStream out) {
    copied.forEach(table -> out.println("  " + table));
  }
}
