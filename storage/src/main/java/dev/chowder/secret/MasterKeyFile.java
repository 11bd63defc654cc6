package dev.chowder.secret;

import static dev.chowder.base.ErrorText.cannot;
import static dev.chowder.base.ErrorText.must;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.EnumSet;
import java.util.Optional;
import java.util.Set;

/**
 * Reads and writes the file with the master key. Does not know what the key encrypts, nor the
 * database.
 */
final class MasterKeyFile {
  private static final Set<PosixFilePermission> OWNER_ONLY =
      EnumSet.of(PosixFilePermission.OWNER_READ, PosixFilePermission.OWNER_WRITE);

  /** Far more than keys need; a larger file contains something else. */
  private static final long MAX_BYTES = 4096;

  private MasterKeyFile() {}

  /**
   * Returns the contents of the file; empty if it does not exist. Rejects a file that other users
   * may read.
   */
  static Optional<Secret> read(Path file) {
    if (!Files.exists(file)) return Optional.empty();
    try {
      Set<PosixFilePermission> mode = Files.getPosixFilePermissions(file);
      if (!OWNER_ONLY.containsAll(mode)) {
        throw new IllegalArgumentException(
            cannot(
                "use the master key file " + file,
                "its mode " + PosixFilePermissions.toString(mode) + " lets other users access it",
                "run chmod 600 " + file));
      }
      if (Files.size(file) > MAX_BYTES) {
        throw new IllegalArgumentException(
            must("master key file " + file, "be at most " + MAX_BYTES + " bytes"));
      }
      return Optional.of(Secret.of(Files.readString(file, StandardCharsets.US_ASCII).strip()));
    } catch (IOException e) {
      throw new IllegalArgumentException(
          cannot(
              "read the master key file " + file,
              e.toString(),
              "provide a readable ASCII file with mode rw-------"),
          e);
    }
  }

  /** Writes the file atomically. Returns when it is on the disk. */
  static void write(Path file, Secret key) {
    Path target = file.toAbsolutePath();
    try {
      Path directory = target.getParent();
      if (directory != null && !Files.isDirectory(directory)) {
        Files.createDirectories(
            directory,
            PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
      }
      Path draft = target.resolveSibling(target.getFileName() + ".new");
      Files.deleteIfExists(draft);
      try (FileChannel channel =
          FileChannel.open(
              draft,
              Set.of(StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE),
              PosixFilePermissions.asFileAttribute(OWNER_ONLY))) {
        ByteBuffer text =
            ByteBuffer.wrap((key.reveal() + "\n").getBytes(StandardCharsets.US_ASCII));
        while (text.hasRemaining()) channel.write(text);
        channel.force(true);
      }
      Files.move(draft, target, StandardCopyOption.ATOMIC_MOVE);
    } catch (IOException e) {
      throw new MasterKeyException(
          cannot("write the master key file " + file, e.toString(), "use a writable directory"), e);
    }
  }
}
