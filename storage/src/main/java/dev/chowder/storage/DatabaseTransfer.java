package dev.chowder.storage;

import static dev.chowder.base.ErrorText.cannot;

import dev.chowder.base.FileTree;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.channels.Channels;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.sql.SQLException;
import java.util.List;
import java.util.Set;
import java.util.function.Consumer;
import java.util.zip.GZIPInputStream;
import java.util.zip.GZIPOutputStream;
import java.util.zip.ZipException;

/**
 * Backs up and restores databases, and moves one to another. A backup is a gzipped H2 database
 * file, whatever the kind of the original, and can be restored into any kind. It does not contain
 * the master key.
 */
public final class DatabaseTransfer {
  private static final String OWNER_ONLY = "rw-------";

  private DatabaseTransfer() {}

  /**
   * Writes a snapshot of the database into a file. The database may be in use during the backup; an
   * H2 database only by this process.
   *
   * @param file a file that does not exist; written atomically, readable by its owner only
   * @param seal may append to the file before it gets its name
   * @throws StorageException if the database was moved to another one, or has the tables of another
   *     version
   */
  public static List<TableDigest> backUp(StorageSettings source, Path file, Consumer<Path> seal) {
    MovedDatabase.reject(source);
    if (Files.exists(file)) {
      throw new StorageException(
          cannot("write the backup", file + " exists already", "name a new file"));
    }
    return inWorkFolder(
        file,
        folder -> {
          StorageSettings backup = source.inFile(folder.resolve("database"));
          Schema.prepareForBackup(source);
          Schema.prepare(backup);
          List<TableDigest> copied = DatabaseCopy.copy(source, backup);
          compress(databaseFile(backup), folder.resolve("compressed"));
          seal.accept(folder.resolve("compressed"));
          Files.move(folder.resolve("compressed"), file, StandardCopyOption.ATOMIC_MOVE);
          return copied;
        });
  }

  /**
   * Restores a backup into an empty database. Ignores bytes that a seal appended.
   *
   * @throws StorageException if the file is not a backup, is a backup of a newer version, or the
   *     target is not empty
   */
  public static List<TableDigest> restore(Path file, StorageSettings target) {
    return inWorkFolder(
        file,
        folder -> {
          StorageSettings backup = target.inFile(Files.createDirectory(folder.resolve("database")));
          decompress(file, databaseFile(backup));
          Schema.prepare(backup);
          // Before the copy, which writes all rows or none.
          recordOutdatedTokens(backup);
          return copy(backup, target);
        });
  }

  /**
   * Copies an H2 file that no process uses into an empty PostgreSQL database. The file keeps its
   * data, but no node starts on it any longer: it would continue with outdated data.
   *
   * @throws StorageException if the source is not H2, the target is not PostgreSQL, or the target
   *     is not empty
   */
  public static List<TableDigest> move(StorageSettings source, StorageSettings target) {
    if (source.dialect() != Dialect.H2 || target.dialect() != Dialect.POSTGRESQL) {
      throw new StorageException(
          cannot(
              "move the database",
              "a move from " + source.dialect() + " to " + target.dialect() + " is not supported",
              "move from H2 to POSTGRESQL"));
    }
    MovedDatabase.reject(source);
    List<TableDigest> copied = copy(source, target);
    MovedDatabase.mark(source, target);
    return copied;
  }

  private static List<TableDigest> copy(StorageSettings source, StorageSettings target) {
    // At the same version, both have the same tables.
    Schema.prepare(source);
    Database.open(target).close();
    return DatabaseCopy.copy(source, target);
  }

  private static void recordOutdatedTokens(StorageSettings backup) {
    try (var pool = ConnectionPool.openForLongWork("chowder-restore", backup);
        var connection = pool.getConnection()) {
      OutdatedTokens.recordAll(connection);
      if (!connection.getAutoCommit()) connection.commit();
    } catch (SQLException why) {
      throw new StorageException(
          cannot("restore the backup", "it cannot be read", "use another"), why);
    }
  }

  private static Path databaseFile(StorageSettings settings) {
    return settings.directory().resolve("chowder.mv.db");
  }

  private interface Work {
    List<TableDigest> in(Path folder) throws IOException;
  }

  /**
   * Runs work in a temporary folder next to the file, so that the operator chooses the disk that it
   * uses.
   */
  private static List<TableDigest> inWorkFolder(Path file, Work work) {
    Path beside = file.toAbsolutePath().getParent();
    try {
      Path folder =
          Files.createTempDirectory(
              beside,
              ".chowder-",
              PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
      try {
        return work.in(folder);
      } finally {
        FileTree.remove(folder);
      }
    } catch (ZipException | EOFException e) {
      throw new StorageException(
          cannot("read the backup", file + " is damaged", "use another copy"), e);
    } catch (IOException e) {
      throw new StorageException(
          cannot(
              "read or write the backup",
              e.toString(),
              "use a readable backup in a writable folder with enough space"),
          e);
    }
  }

  private static void compress(Path from, Path to) throws IOException {
    try (FileChannel file =
            FileChannel.open(
                to,
                Set.of(StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE),
                PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString(OWNER_ONLY)));
        GZIPOutputStream out = new GZIPOutputStream(Channels.newOutputStream(file))) {
      Files.copy(from, out);
      out.finish();
      file.force(true);
    }
  }

  private static void decompress(Path from, Path to) throws IOException {
    try (InputStream in = new GZIPInputStream(Files.newInputStream(from))) {
      Files.copy(in, to);
    }
  }
}
