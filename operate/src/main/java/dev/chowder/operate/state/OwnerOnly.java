package dev.chowder.operate.state;

import dev.chowder.cli.failure.ExitCode;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.AccessDeniedException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;

/** Files and folders that only their owner can read. */
public final class OwnerOnly {
  public static final FileAttribute<Set<PosixFilePermission>> FILE = mode("rw-------");
  public static final FileAttribute<Set<PosixFilePermission>> FOLDER = mode("rwx------");

  private OwnerOnly() {}

  /** Creates a folder and those above it, unless they exist. */
  public static void createFolders(Path folder) {
    try {
      if (!Files.isDirectory(folder)) Files.createDirectories(folder, FOLDER);
    } catch (IOException failed) {
      throw ExitCode.USAGE.cannot(
          "create " + folder, failed, "set CHOWDER_HOME to a writable folder");
    }
  }

  /** Returns the text of a file without white space at its ends; empty if there is none. */
  public static Optional<String> text(Path file) {
    try {
      return Optional.of(Files.readString(file, StandardCharsets.UTF_8).strip())
          .filter(text -> !text.isEmpty());
    } catch (NoSuchFileException none) {
      return Optional.empty();
    } catch (IOException failed) {
      var remedy =
          failed instanceof AccessDeniedException
              ? "run this as the user of the installation"
              : "make it a text file";
      throw ExitCode.USAGE.cannot("read " + file, failed, remedy);
    }
  }

  /** Writes a file atomically. Returns when it is on the disk. */
  public static void write(Path file, String text) {
    write(file, text.getBytes(StandardCharsets.UTF_8));
  }

  /** Copies a file atomically. Returns when the copy is on the disk. */
  public static void copy(Path from, Path to) {
    try {
      write(to, Files.readAllBytes(from));
    } catch (IOException failed) {
      throw ExitCode.FAILED.cannot("read " + from, failed, "make it readable");
    }
  }

  private static void write(Path file, byte[] content) {
    var part = file.resolveSibling(file.getFileName() + ".part");
    try {
      // A file of an interrupted write may have another mode.
      Files.deleteIfExists(part);
      try (var channel =
          FileChannel.open(
              part, Set.of(StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE), FILE)) {
        for (var left = ByteBuffer.wrap(content); left.hasRemaining(); ) channel.write(left);
        channel.force(true);
      }
      Files.move(part, file, StandardCopyOption.ATOMIC_MOVE);
      forceFolder(folderOf(file));
    } catch (IOException failed) {
      throw ExitCode.FAILED.cannot("write " + file, failed, "make its folder writable");
    }
  }

  /** Returns the folder of a file. */
  public static Path folderOf(Path file) {
    return Objects.requireNonNull(file.toAbsolutePath().getParent(), "a file is in a folder");
  }

  /** Without this, the previous content could return after a power failure. */
  private static void forceFolder(Path folder) throws IOException {
    try (var channel = FileChannel.open(folder, StandardOpenOption.READ)) {
      channel.force(true);
    }
  }

  private static FileAttribute<Set<PosixFilePermission>> mode(String mode) {
    return PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString(mode));
  }
}
