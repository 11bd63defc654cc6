package dev.chowder.operate.admin.storage;

import dev.chowder.api.operator.v1.CreateBackupRequest;
import dev.chowder.api.operator.v1.CreateBackupResponse;
import dev.chowder.cli.failure.ExitCode;
import dev.chowder.operate.admin.node.LocalNodes;
import dev.chowder.operate.state.OwnerOnly;
import dev.chowder.operate.state.WorkFolder;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** The command {@code backup}. */
@Command(
    name = "backup",
    description =
        "Write a consistent copy of the installation to one file, from H2 or PostgreSQL; the server"
            + " may be running or stopped",
    footer = {
      "",
      "FILE ends with an authentication tag, which the master key verifies. It does not include the"
          + " home volumes of agents. Restore it with \"chowder admin restore\"."
    })
public final class BackupCommand extends StorageCommand {
  @Parameters(paramLabel = "FILE", description = "a new file")
  private Path file = Path.of("");

  @Option(
      names = "--with-master-key",
      description = "include the master key, so that FILE alone decrypts everything")
  private boolean withMasterKey;

  @Option(names = "--unsigned", description = "write no tag; for a machine without the master key")
  private boolean unsigned;

  @Override
  void work() {
    if (withMasterKey && unsigned) {
      throw ExitCode.USAGE.failure(
          "--unsigned: must not be used with --with-master-key; choose one");
    }
    var target = file.toAbsolutePath().normalize();
    if (Files.exists(target)) {
      throw ExitCode.USAGE.failure("FILE: must be a new file; %s exists already".formatted(target));
    }
    startDatabase();
    installation().requireCreated();
    try (var _ = begin();
        var folder = WorkFolder.in(OwnerOnly.folderOf(target), ".chowder-backup.")) {
      var archive = archive(folder.path());
      if (!unsigned) {
        var _ = tag(List.of()).sign(archive);
      }
      Files.move(archive, target, StandardCopyOption.ATOMIC_MOVE);
    } catch (IOException failed) {
      throw ExitCode.FAILED.cannot("write " + target, failed, "use a writable folder");
    }
    say("Wrote the backup to %s (%s).".formatted(target, size(target.toFile().length())));
    say(
        withMasterKey
            ? "The backup includes the master key: anyone who can read the file can read every secret in it."
            : "The backup excludes the master key. Store a copy of %s separately: without it, the secrets in the backup cannot be decrypted."
                .formatted(secrets().masterKeyFile()));
  }

  /** Writes the archive without its tag. */
  private Path archive(Path folder) throws IOException {
    var names = new ArrayList<String>();
    copyDatabase(folder.resolve(BackupArchive.DATABASE));
    names.add(BackupArchive.DATABASE);
    for (var name : BackupArchive.IDENTITY) {
      var source = installation().home().resolve(name);
      if (!Files.isRegularFile(source)) continue;
      OwnerOnly.copy(source, folder.resolve(name));
      names.add(name);
    }
    if (withMasterKey) {
      var key = secrets().masterKeyFile();
      if (!Files.isRegularFile(key)) {
        throw ExitCode.USAGE.cannot(
            "include the master key", key + " does not exist", "leave out --with-master-key");
      }
      OwnerOnly.copy(key, folder.resolve(BackupArchive.MASTER_KEY));
      names.add(BackupArchive.MASTER_KEY);
    }
    var archive = folder.resolve("archive");
    BackupArchive.write(folder, names, archive);
    return archive;
  }

  /** Only one process can open an H2 file, so a running server makes the copy and signs it. */
  private void copyDatabase(Path copy) throws IOException {
    if (database().isOwnedByOneNode() && (installation().isRunning() || isOpenElsewhere())) {
      copyByServer(copy);
      return;
    }
    requireDatabase();
    var backups = backups(tag(List.of()));
    report(unsigned ? backups.writeUnsigned(copy) : backups.write(copy));
  }

  private void copyByServer(Path copy) throws IOException {
    var made =
        LocalNodes.all(invocation())
            .call(CreateBackupRequest.getDefaultInstance())
            .as(CreateBackupResponse.getDefaultInstance())
            .getFile();
    var backups = installation().home().resolve("backups");
    Files.move(backups.resolve(Path.of(made).getFileName()), copy);
  }

  /** Returns whether a process that "chowder up" did not start has opened the H2 file. */
  private boolean isOpenElsewhere() throws IOException {
    var h2 = h2File();
    if (h2.isEmpty() || !Files.exists(h2.get())) return false;
    try (var channel = FileChannel.open(h2.get(), StandardOpenOption.WRITE);
        var lock = channel.tryLock()) {
      return lock == null;
    } catch (OverlappingFileLockException openInThisProcess) {
      return true;
    }
  }

  private static String size(long bytes) {
    if (bytes < 1 << 10) return bytes + " bytes";
    if (bytes < 1 << 20) return "%.1f KiB".formatted(bytes / 1024.0);
    if (bytes < 1 << 30) return "%.1f MiB".formatted(bytes / (1024.0 * 1024));
    return "%.1f GiB".formatted(bytes / (1024.0 * 1024 * 1024));
  }
}
