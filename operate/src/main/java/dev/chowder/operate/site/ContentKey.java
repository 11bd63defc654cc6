package dev.chowder.operate.site;

import dev.chowder.base.Sha256;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Comparator;

/** Short hashes of files and texts, with the results of {@code content_key} in common.sh. */
public final class ContentKey {
  private static final int SHORT = 16;

  private ContentKey() {}

  /**
   * Returns a short hash of the names and contents of files, in the order of their names.
   *
   * @param root the folder to which the names are relative
   * @param path a file, or a folder with all files below it
   */
  public static String of(Path root, Path path) {
    var lines = new StringBuilder();
    try (var files = Files.walk(path)) {
      files
          .filter(Files::isRegularFile)
          .map(file -> root.relativize(file).toString())
          .sorted(Comparator.comparing(ContentKey::bytes, Arrays::compareUnsigned))
          .forEach(name -> lines.append(line(root, name)));
    } catch (IOException failed) {
      throw new UncheckedIOException(failed);
    }
    return of(lines.toString());
  }

  /** Returns a short hash of a text. */
  public static String of(String text) {
    return Sha256.hex(text).substring(0, SHORT);
  }

  /** Returns a line of sha256sum. */
  private static String line(Path root, String name) {
    try {
      return Sha256.hex(root.resolve(name)) + "  " + name + "\n";
    } catch (IOException failed) {
      throw new UncheckedIOException(failed);
    }
  }

  private static byte[] bytes(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }
}
