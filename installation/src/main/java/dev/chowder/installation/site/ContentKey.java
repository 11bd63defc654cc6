package dev.chowder.installation.site;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HexFormat;

/** Short hashes of files and texts, with the results of {@code content_key} in common.sh. */
public final class ContentKey {
  private static final int SHORT = 16;

  private ContentKey() {}

  /**
   * Returns a short hash of the names and contents of files, in the order of their names.
   *
   * @param root names inside this folder are relative to it
   * @param path a file, or a folder with all files below it
   */
  public static String of(Path root, Path path) {
    var lines = new StringBuilder();
    try (var files = Files.walk(path)) {
      files
          .filter(Files::isRegularFile)
          .map(Path::toString)
          .sorted(Comparator.comparing(ContentKey::bytes, Arrays::compareUnsigned))
          .forEach(file -> lines.append(line(file).replace(root + "/", "")));
    } catch (IOException failed) {
      throw new UncheckedIOException(failed);
    }
    return of(lines.toString());
  }

  /** Returns a short hash of a text. */
  public static String of(String text) {
    return sha256(bytes(text)).substring(0, SHORT);
  }

  /** Returns the SHA-256 of bytes in hexadecimal digits. */
  public static String sha256(byte[] bytes) {
    try {
      return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(bytes));
    } catch (NoSuchAlgorithmException impossible) {
      throw new IllegalStateException(impossible);
    }
  }

  /** Returns a line of sha256sum. */
  private static String line(String file) {
    try {
      return sha256(Files.readAllBytes(Path.of(file))) + "  " + file + "\n";
    } catch (IOException failed) {
      throw new UncheckedIOException(failed);
    }
  }

  private static byte[] bytes(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }
}
