package dev.chowder.secret;

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

/** The file that holds the master key as text. Knows neither what it encrypts nor the database. */
final class MasterKeyFile {
  private static final Set<PosixFilePermission> OWNER_ONLY =
      EnumSet.of(PosixFilePermission.OWNER_READ, PosixFilePermission.OWNER_WRITE);

  /** Far more than a key needs; a larger file is something else. */
  private static final long MAX_BYTES = 4096;

  private MasterKeyFile() {}

  /** Empty when there is none; one that others may read is refused. */
  static Optional<Secret> read(Path file) {
    if (!Files.exists(file)) return Optional.empty();
    try {
      Set<PosixFilePermission> mode = Files.getPosixFilePermissions(file);
      if (!OWNER_ONLY.containsAll(mode)) {
        throw new MasterKeyException(
            "master key file: mode "
                + PosixFilePermissions.toString(mode)
                + " (expected: rw-------): others may have read it, chmod 600 "
                + file);
      }
      if (Files.size(file) > MAX_BYTES) {
        throw new MasterKeyException(
            "master key file: more than " + MAX_BYTES + " bytes (expected: a key in base64)");
      }
      return Optional.of(Secret.of(Files.readString(file, StandardCharsets.US_ASCII).strip()));
    } catch (IOException e) {
      throw new MasterKeyException(
          "master key file: " + file + " cannot be read (expected: text, mode rw-------)", e);
    }
  }

  /** Writes it whole or not at all, and on the disk before this returns. */
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
          "master key file: " + file + " cannot be written (expected: a writable place)", e);
    }
  }
}
