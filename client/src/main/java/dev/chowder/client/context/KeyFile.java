package dev.chowder.client.context;

import dev.chowder.client.failure.ClientException;
import dev.chowder.client.failure.ClientException.Kind;
import dev.chowder.client.failure.IoCause;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;

/** Reads the files in which installations and users keep their keys. */
final class KeyFile {
  /** Longer than any key. A device may never end. */
  private static final int MAX_BYTES = 4096;

  private KeyFile() {}

  /** Reads the key in a file. */
  static Key read(Path file) {
    try (var stream = Files.newInputStream(file)) {
      var bytes = stream.readNBytes(MAX_BYTES);
      return Key.of(new String(bytes, StandardCharsets.UTF_8), file.toString());
    } catch (IOException failed) {
      throw new ClientException(
          Kind.NO_KEY,
          "cannot read a key from %s: %s; name a file that you can read"
              .formatted(file, IoCause.of(failed)),
          failed);
    }
  }
}
