package dev.chowder.sandbox.docker;

import static dev.chowder.base.ErrorText.must;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * Loads the profile of system calls that a sandbox may make. The README beside the profile in this
 * package describes it.
 */
final class SeccompProfile {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final String UNCONFINED = "unconfined";

  private SeccompProfile() {}

  /**
   * Returns the value of the engine's security option: JSON in one line, or {@code unconfined}.
   *
   * @param setting empty for the profile of this package, {@code unconfined}, or a file
   * @throws IllegalArgumentException if the file is not readable or not JSON
   */
  static String of(String setting) {
    if (setting.equals(UNCONFINED)) return UNCONFINED;
    try {
      return JSON.readTree(setting.isEmpty() ? packaged() : Files.readString(Path.of(setting)))
          .toString();
    } catch (JsonProcessingException broken) {
      throw unusable(setting, "not JSON", broken);
    } catch (IOException unreadable) {
      throw unusable(setting, unreadable.toString(), unreadable);
    }
  }

  private static String packaged() {
    try (InputStream file = SeccompProfile.class.getResourceAsStream("seccomp.json")) {
      if (file == null) throw new IllegalStateException("seccomp.json is not in this build");
      return new String(file.readAllBytes(), StandardCharsets.UTF_8);
    } catch (IOException broken) {
      throw new UncheckedIOException(broken);
    }
  }

  private static IllegalArgumentException unusable(String file, String why, Exception cause) {
    return new IllegalArgumentException(
        must(
            "chowder.sandbox.docker.seccomp-profile",
            "be a file with a profile in JSON",
            file + " (" + why + ")"),
        cause);
  }
}
