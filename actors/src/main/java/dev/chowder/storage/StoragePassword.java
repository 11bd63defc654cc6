package dev.chowder.storage;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermission;
import java.util.EnumSet;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;

/** The password of the database; masks itself wherever it is turned into a string. */
public final class StoragePassword {
  /** Read here and not through the configuration, which may be printed. */
  static final String VARIABLE = "CHOWDER_STORAGE_PASSWORD";

  private static final Set<PosixFilePermission> OWNER_ONLY =
      EnumSet.of(PosixFilePermission.OWNER_READ, PosixFilePermission.OWNER_WRITE);

  /** Far more than a password needs; a larger file is something else. */
  private static final long MAX_BYTES = 4096;

  private final String text;

  private StoragePassword(String text) {
    this.text = text;
  }

  static StoragePassword of(String text) {
    return new StoragePassword(text);
  }

  /** The variable goes before the file; neither is set: none. */
  static Optional<StoragePassword> find(Optional<Path> file, Map<String, String> environment) {
    String variable = environment.get(VARIABLE);
    if (variable != null && !variable.isBlank()) return Optional.of(of(variable));
    return file.map(StoragePassword::read);
  }

  private static StoragePassword read(Path file) {
    try {
      if (!OWNER_ONLY.containsAll(Files.getPosixFilePermissions(file))) {
        throw new StorageException(
            "chowder.storage.password-file: others may read it (expected: mode rw-------): chmod"
                + " 600 "
                + file);
      }
      if (Files.size(file) > MAX_BYTES) {
        throw new StorageException(
            "chowder.storage.password-file: more than "
                + MAX_BYTES
                + " bytes (expected: a password)");
      }
      return of(Files.readString(file, StandardCharsets.UTF_8).strip());
    } catch (IOException e) {
      throw new StorageException(
          "chowder.storage.password-file: " + file + " cannot be read (expected: a password)", e);
    }
  }

  /** The text itself: only for the driver. */
  String reveal() {
    return text;
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof StoragePassword p && text.equals(p.text);
  }

  @Override
  public int hashCode() {
    return Objects.hashCode(text);
  }

  @Override
  public String toString() {
    return "***";
  }
}
