package dev.chowder.client.context;

import dev.chowder.client.failure.ClientException;
import dev.chowder.client.failure.ClientException.Kind;
import dev.chowder.client.failure.IoCause;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.regex.Pattern;

/** An API key. Its text never reaches a message, because {@link #toString} masks it. */
public final class Key {
  /** No line breaks, which would add headers, and no characters that HTTP does not allow. */
  private static final Pattern TEXT = Pattern.compile("[\\x21-\\x7e]{1,512}");

  /** Longer than any key. A device may never end. */
  private static final int MAX_BYTES = 4096;

  private final String text;

  private Key(String text) {
    this.text = text;
  }

  /**
   * Reads a key.
   *
   * @param source where the text is from, for the message
   */
  public static Key of(String text, String source) {
    var stripped = text.strip();
    if (!TEXT.matcher(stripped).matches()) {
      throw new ClientException(
          Kind.NO_KEY,
          "%s: must be a key of 1 to 512 visible ASCII characters; got %d characters"
              .formatted(source, stripped.length()));
    }
    return new Key(stripped);
  }

  /** Reads the key in a file. */
  static Key read(Path file) {
    try (var stream = Files.newInputStream(file)) {
      var bytes = stream.readNBytes(MAX_BYTES);
      return of(new String(bytes, StandardCharsets.UTF_8), file.toString());
    } catch (IOException failed) {
      throw new ClientException(
          Kind.NO_KEY,
          "cannot read a key from %s: %s; name a file that you can read"
              .formatted(file, IoCause.of(failed)),
          failed);
    }
  }

  /** Returns the value of the header {@code Authorization}. */
  public String authorization() {
    return "Bearer " + text;
  }

  /** Returns the key itself, to store it in a private file. */
  String secret() {
    return text;
  }

  @Override
  public String toString() {
    return "***";
  }
}
