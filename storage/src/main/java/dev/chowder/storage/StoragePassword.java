package dev.chowder.storage;

import static dev.chowder.base.ErrorText.must;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.EnumSet;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;

/** The password of the database. Its string form is masked. */
public final class StoragePassword {
  /** Read directly from the environment, because the configuration may be printed. */
  static final String VARIABLE = "CHOWDER_STORAGE_PASSWORD";

  private static final String SETTING = "chowder.storage.password-file";

  private static final Set<PosixFilePermission> OWNER_ONLY =
      EnumSet.of(PosixFilePermission.OWNER_READ, PosixFilePermission.OWNER_WRITE);

  /** Far more than a password needs; a larger file contains something else. */
  private static final long MAX_BYTES = 4096;

  private final String text;

  private StoragePassword(String text) {
    this.text = text;
  }

  static StoragePassword of(String text) {
    return new StoragePassword(text);
  }

  /**
   * Returns the password from the variable or, if that is not set, from the file; empty if neither
   * is set.
   */
  static Optional<StoragePassword> find(Optional<Path> file, Map<String, String> environment) {
    String variable = environment.get(VARIABLE);
    if (variable != null && !variable.isBlank()) return Optional.of(of(variable));
    return file.map(StoragePassword::read);
  }

  private static StoragePassword read(Path file) {
    try {
      var mode = Files.getPosixFilePermissions(file);
      if (!OWNER_ONLY.containsAll(mode)) {
        throw new IllegalArgumentException(
            must(
                SETTING,
                "have mode rw------- (chmod 600)",
                PosixFilePermissions.toString(mode) + " at " + file));
      }
      if (Files.size(file) > MAX_BYTES) {
        throw new IllegalArgumentException(
            must(SETTING, "be at most " + MAX_BYTES + " bytes", Files.size(file)));
      }
      return of(Files.readString(file, StandardCharsets.UTF_8).strip());
    } catch (IOException e) {
      throw new IllegalArgumentException(
          must(SETTING, "be a readable file with a password", file), e);
    }
  }

  /** Returns the text, for the driver only. */
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
