package dev.chowder.operate.admin.storage;

import dev.chowder.cli.failure.CommandException;
import dev.chowder.cli.failure.ExitCode;
import dev.chowder.operate.state.OwnerOnly;
import dev.chowder.operate.state.UpLock;
import dev.chowder.operate.state.WorkFolder;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** The command {@code restore}. */
@Command(
    name = "restore",
    description =
        "Restore a backup into an empty installation: a new CHOWDER_HOME, or one whose database is"
            + " empty",
    footer = {
      "",
      "It restores into H2 or, with CHOWDER_STORAGE_URL, into an empty PostgreSQL. The backup may"
          + " come from either.",
      "",
      "It requires the master key of the original, which verifies the tag of FILE. First write it to"
          + " master.key in CHOWDER_HOME (mode 0600), or set CHOWDER_MASTER_KEY. Keys that a rotation"
          + " kept also verify the tag. A file whose tag names a key on this machine, but does not"
          + " match its content, is always rejected."
    })
public final class RestoreCommand extends StorageCommand {
  @Parameters(
      paramLabel = "FILE",
      description = "a file of \"chowder admin backup\", or of the call CreateBackup")
  private Path file = Path.of("");

  @Option(
      names = "--unsigned",
      description =
          "also accept FILE without a tag, or with the tag of a missing key; only if you trust its"
              + " source, because a forger can leave out the tag or name another key")
  private boolean unsigned;

  @Override
  void work() {
    if (!Files.exists(file)) throw noBackup("does not exist");
    startDatabase();
    installation().createFolders();
    try (var _ = UpLock.take(installation().home());
        var folder = WorkFolder.in(temporary(), "chowder-restore.")) {
      // A copy, so that exactly the verified bytes are restored.
      var copy = folder.path().resolve("backup");
      Files.copy(file, copy);
      say(tag(keptKeys()).verify(copy, unsigned));
      if (BackupArchive.isDatabase(copy)) {
        restoreDatabase(copy);
      } else {
        var files = Files.createDirectory(folder.path().resolve("files"), OwnerOnly.FOLDER);
        if (!BackupArchive.unpack(copy, files)) throw noBackup("is not one");
        Files.delete(copy);
        restore(files);
      }
    } catch (IOException failed) {
      throw ExitCode.FAILED.cannot(
          "restore the backup",
          failed,
          "use a readable backup, and a TMPDIR with enough space for it");
    }
  }

  /** Restores a file of the call {@code CreateBackup}, which has only the database. */
  private void restoreDatabase(Path database) {
    installation().ensureClusterId(clusterIdOfCaller());
    copyInto(database);
    say(next(false, secrets().masterKeyFile()));
  }

  private void copyInto(Path database) {
    installation().requireStopped("a restore");
    report(backups(tag(keptKeys())).restore(database, unsigned, this::say));
  }

  private void restore(Path files) throws IOException {
    var cluster = Files.readString(files.resolve(BackupArchive.CLUSTER_ID)).strip();
    requireClusterId(cluster);
    var key = secrets().masterKeyFile();
    var keyOfBackup = files.resolve(BackupArchive.MASTER_KEY);
    boolean hasKey = Files.exists(keyOfBackup);
    if (hasKey && Files.exists(key) && Files.mismatch(keyOfBackup, key) >= 0) {
      throw ExitCode.CONFLICT.failure(
          "cannot restore the master key: %s holds a different key; move that file away"
              .formatted(key));
    }
    installation().ensureClusterId(Optional.of(cluster));
    copyInto(files.resolve(BackupArchive.DATABASE));
    for (var name : BackupArchive.IDENTITY) {
      if (name.equals(BackupArchive.CLUSTER_ID) || !Files.exists(files.resolve(name))) continue;
      OwnerOnly.copy(files.resolve(name), installation().home().resolve(name));
    }
    if (hasKey) OwnerOnly.copy(keyOfBackup, key);
    say(next(hasKey, key));
  }

  /** The sandboxes have it as a label, so an installation with another one cannot use them. */
  private void requireClusterId(String cluster) {
    var wanted = clusterIdOfCaller().orElse(cluster);
    if (wanted.equals(cluster)) return;
    throw ExitCode.USAGE.failure(
        "CHOWDER_CLUSTER_ID: must be unset or %s, as in the backup; got %s"
            .formatted(cluster, wanted));
  }

  private String next(boolean hasKey, Path key) {
    if (hasKey) return "Restored, including the master key. To start Chowder, run \"chowder up\".";
    if (Files.exists(key) || secrets().masterKey().isPresent()) {
      return "Restored. To start Chowder, run \"chowder up\". It requires the master key of the original, in %s or CHOWDER_MASTER_KEY."
          .formatted(key);
    }
    return "Restored. Write the master key of the original to %s (mode 0600), then run \"chowder up\"."
        .formatted(key);
  }

  /** Returns the files with keys that a rotation kept beside the master key. */
  private List<Path> keptKeys() {
    var key = secrets().masterKeyFile();
    var folder = OwnerOnly.folderOf(key);
    if (!Files.isDirectory(folder)) return List.of();
    var prefix = key.getFileName() + ".until-";
    try (var files = Files.list(folder)) {
      return files
          .filter(one -> one.getFileName().toString().startsWith(prefix))
          .filter(Files::isRegularFile)
          .sorted()
          .toList();
    } catch (IOException failed) {
      throw ExitCode.FAILED.cannot("list " + folder, failed, "make it readable");
    }
  }

  private Path temporary() {
    var folder = invocation().variables().find("TMPDIR").orElse("");
    return Path.of(folder.isEmpty() ? System.getProperty("java.io.tmpdir", "/tmp") : folder);
  }

  private CommandException noBackup(String why) {
    return ExitCode.USAGE.failure(
        "FILE: must be a backup of \"chowder admin backup\"; %s %s".formatted(file, why));
  }
}
