package dev.chowder.server.subscription;

import dev.chowder.secret.Secret;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermission;
import java.util.EnumSet;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * Finds a secret that an operator gives: in a variable of the environment, which is read here and
 * not through the configuration, since that may be printed; else in a file of its owner's alone.
 */
final class SecretFile {
  private static final Set<PosixFilePermission> OWNER_ONLY =
      EnumSet.of(PosixFilePermission.OWNER_READ, PosixFilePermission.OWNER_WRITE);

  /** Far more than a secret of Stripe's needs; a larger file is something else. */
  private static final long MAX_BYTES = 4096;

  private SecretFile() {}

  /**
   * The variable goes before the file; neither is set: none.
   *
   * @param setting names the file in errors
   * @param file its path; blank: none
   */
  static Optional<Secret> find(
      String setting, String file, String variable, Map<String, String> environment) {
    String given = environment.getOrDefault(variable, "").strip();
    if (!given.isEmpty()) return Optional.of(Secret.of(given));
    return file.isBlank() ? Optional.empty() : Optional.of(read(setting, Path.of(file)));
  }

  private static Secret read(String setting, Path file) {
    try {
      if (!OWNER_ONLY.containsAll(Files.getPosixFilePermissions(file))) {
        throw bad(setting, "others may read it (expected: mode rw-------): chmod 600 " + file);
      }
      if (Files.size(file) > MAX_BYTES) {
        throw bad(setting, "more than " + MAX_BYTES + " bytes (expected: a secret)");
      }
      String text = Files.readString(file, StandardCharsets.UTF_8).strip();
      if (text.isEmpty()) throw bad(setting, file + " is empty (expected: a secret)");
      return Secret.of(text);
    } catch (IOException e) {
      throw new UncheckedIOException(
          setting + ": " + file + " cannot be read (expected: a secret)", e);
    }
  }

  private static IllegalArgumentException bad(String setting, String why) {
    return new IllegalArgumentException(setting + ": " + why);
  }
}
