package dev.chowder.storage;

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
import java.util.Comparator;
import java.util.List;
import java.util.Set;
import java.util.function.Consumer;
import java.util.zip.GZIPInputStream;
import java.util.zip.GZIPOutputStream;
import java.util.zip.ZipException;

/**
 * Backups, and moves from one database to another. A backup is a database in a file of H2, gzipped,
 * whatever the original is: it can be restored into any of them. The master key is no part of it.
 */
public final class DatabaseTransfer {
  private static final String OWNER_ONLY = "rw-------";

  private DatabaseTransfer() {}

  /**
   * Writes what is there at one moment into a file; the database may be in use meanwhile, one of H2
   * by this process alone.
   *
   * @param file not there yet; written whole or not at all, for its owner only
   * @param seal may append to the file before it gets its name
   */
  public static List<TableDigest> backUp(StorageSettings source, Path file, Consumer<Path> seal) {
    if (Files.exists(file)) {
      throw new StorageException("backup: " + file + " is there (expected: a new file)");
    }
    return inWorkFolder(
        file,
        folder -> {
          StorageSettings backup = source.inFile(folder.resolve("database"));
          Schema.prepare(source);
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
   * @throws StorageException when the file is no backup, is one of a newer version, or the target
   *     is not empty
   */
  public static List<TableDigest> restore(Path file, StorageSettings target) {
    return inWorkFolder(
        file,
        folder -> {
          StorageSettings backup = target.inFile(Files.createDirectory(folder.resolve("database")));
          decompress(file, databaseFile(backup));
          return copy(backup, target);
        });
  }

  /**
   * Copies a file of H2 that nobody uses into an empty PostgreSQL. Its data stay where they are,
   * but no node starts on them any more: it would go on from what is no longer true.
   *
   * @throws StorageException when it is the wrong way round, or the target is not empty
   */
  public static List<TableDigest> move(StorageSettings source, StorageSettings target) {
    if (source.dialect() != Dialect.H2 || target.dialect() != Dialect.POSTGRESQL) {
      throw new StorageException(
          "move: from "
              + source.dialect()
              + " to "
              + target.dialect()
              + " (expected: from H2 to POSTGRESQL)");
    }
    LeftBehind.refuse(source);
    List<TableDigest> copied = copy(source, target);
    LeftBehind.mark(source, target);
    return copied;
  }

  private static List<TableDigest> copy(StorageSettings source, StorageSettings target) {
    // Both have to be at this version, and then their tables are the same.
    Schema.prepare(source);
    Database.open(target).close();
    return DatabaseCopy.copy(source, target);
  }

  private static Path databaseFile(StorageSettings settings) {
    return settings.directory().resolve("chowder.mv.db");
  }

  private interface Work {
    List<TableDigest> in(Path folder) throws IOException;
  }

  /** Beside the file, so that it is the operator who chose which disk it takes room on. */
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
        remove(folder);
      }
    } catch (ZipException | EOFException e) {
      throw new StorageException("backup: " + file + " is damaged (expected: a whole backup)", e);
    } catch (IOException e) {
      throw new StorageException(
          "backup: " + e + " (expected: a readable backup and a writable folder around it)", e);
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

  private static void remove(Path folder) throws IOException {
    try (var paths = Files.walk(folder)) {
      for (Path path : paths.sorted(Comparator.reverseOrder()).toList()) Files.delete(path);
    }
  }
}
