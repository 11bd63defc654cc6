package dev.chowder.operate.admin.storage;

import dev.chowder.cli.failure.ExitCode;
import dev.chowder.operate.state.OwnerOnly;
import java.io.BufferedInputStream;
import java.io.BufferedOutputStream;
import java.io.IOException;
import java.nio.channels.Channels;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.Set;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarArchiveInputStream;
import org.apache.commons.compress.archivers.tar.TarArchiveOutputStream;

/**
 * The file that {@code chowder admin backup} writes: a tar of the database and of files of the
 * state directory. A tag may follow, which this class ignores.
 */
final class BackupArchive {
  /** The database, compressed and with a tag of its own. */
  static final String DATABASE = "database.gz";

  static final String CLUSTER_ID = "cluster-id";
  static final String MASTER_KEY = "master.key";

  /** Files that give a restored installation its identity. Keys and tokens are not among them. */
  static final List<String> IDENTITY = List.of(CLUSTER_ID, "organization-id", "first-instance");

  /** GNU tar writes names of the files of a folder with this prefix. */
  private static final String HERE = "./";

  private static final int MODE = 0600;

  private BackupArchive() {}

  /** Writes all files of a folder. Returns when the archive is on the disk. */
  static void write(Path folder, List<String> names, Path archive) {
    try (var channel =
            FileChannel.open(
                archive,
                Set.of(StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE),
                OwnerOnly.FILE);
        var tar =
            new TarArchiveOutputStream(
                new BufferedOutputStream(Channels.newOutputStream(channel)))) {
      // A database may be larger than the 8 GiB of the oldest format.
      tar.setBigNumberMode(TarArchiveOutputStream.BIGNUMBER_STAR);
      for (var name : names) {
        var file = folder.resolve(name);
        var entry = new TarArchiveEntry(file, HERE + name);
        entry.setMode(MODE);
        tar.putArchiveEntry(entry);
        Files.copy(file, tar);
        tar.closeArchiveEntry();
      }
      tar.finish();
      tar.flush();
      channel.force(true);
    } catch (IOException failed) {
      throw ExitCode.FAILED.cannot(
          "write the backup", failed, "use a writable folder with enough space for it");
    }
  }

  /**
   * Unpacks the archive into a folder.
   *
   * @return whether it is a backup: it has regular files only, because links could lead out of the
   *     folder, and at least the cluster id and the database
   */
  static boolean unpack(Path archive, Path folder) {
    try (var tar =
        new TarArchiveInputStream(new BufferedInputStream(Files.newInputStream(archive)))) {
      for (var entry = tar.getNextEntry(); entry != null; entry = tar.getNextEntry()) {
        if (entry.isDirectory() && entry.getName().equals(HERE)) continue;
        var name =
            entry.getName().startsWith(HERE)
                ? entry.getName().substring(HERE.length())
                : entry.getName();
        if (!isPlainFile(entry) || !isPlainName(name)) return false;
        Files.copy(tar, folder.resolve(name));
      }
    } catch (IOException | IllegalArgumentException malformed) {
      return false;
    }
    return isFilled(folder.resolve(CLUSTER_ID)) && isFilled(folder.resolve(DATABASE));
  }

  /** Returns whether the file is no archive, but a database that a server wrote: gzip, not tar. */
  static boolean isDatabase(Path file) throws IOException {
    try (var in = Files.newInputStream(file)) {
      return in.read() == 0x1f && in.read() == 0x8b;
    }
  }

  private static boolean isPlainFile(TarArchiveEntry entry) {
    return entry.isFile() && !entry.isLink() && !entry.isSymbolicLink() && !entry.isSparse();
  }

  private static boolean isPlainName(String name) {
    return !name.isEmpty() && !name.equals("..") && !name.equals(".") && !name.contains("/");
  }

  private static boolean isFilled(Path file) {
    return Files.isRegularFile(file) && file.toFile().length() > 0;
  }
}
