package dev.chowder.server.subscription;

import static dev.chowder.base.ErrorText.must;

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
 * Finds a secret of the operator in an environment variable or in a file that only its owner can
 * read. Reads the variable directly, because the configuration may be printed.
 */
final class SecretFile {
  private static final Set<PosixFilePermission> OWNER_ONLY =
      EnumSet.of(PosixFilePermission.OWNER_READ, PosixFilePermission.OWNER_WRITE);

  /** Far more than a secret of Stripe needs, so a larger file is not a secret. */
  private static final long MAX_BYTES = 4096;

  private SecretFile() {}

  /**
   * Returns the secret, empty if neither is set. The variable takes precedence.
   *
   * @param setting name of the setting, for errors
   * @param file path of the file; blank if there is none
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
        throw new IllegalArgumentException(
            must(setting, "name a file of mode 0600; run chmod 600 " + file));
      }
      if (Files.size(file) > MAX_BYTES) {
        throw new IllegalArgumentException(
            must(setting, "name a file of at most " + MAX_BYTES + " bytes", Files.size(file)));
      }
      String text = Files.readString(file, StandardCharsets.UTF_8).strip();
      if (text.isEmpty()) {
        throw new IllegalArgumentException(
            must(setting, "name a file with a secret", "an empty file"));
      }
      return Secret.of(text);
    } catch (IOException e) {
      throw new UncheckedIOException(
          must(setting, "name a file that the server can read", file), e);
    }
  }
}
