package dev.chowder.cli.context;

import dev.chowder.cli.failure.CommandException;
import dev.chowder.cli.failure.ExitCode;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;

/** Reads keys from files and streams. */
public final class KeyFile {
  /** Longer than any key. A pipe or a device may never end. */
  private static final int MAX_BYTES = 4096;

  private KeyFile() {}

  /** Reads the key in a file. */
  public static Key read(Path file) {
    try (var stream = Files.newInputStream(file)) {
      return read(stream, file.toString());
    } catch (IOException failed) {
      throw unreadable(file.toString(), failed);
    }
  }

  /**
   * Reads a key from a stream.
   *
   * @param source where the stream is from, for the message
   */
  public static Key read(InputStream stream, String source) {
    try {
      var bytes = stream.readNBytes(MAX_BYTES);
      return Key.of(new String(bytes, StandardCharsets.UTF_8), source);
    } catch (IOException failed) {
      throw unreadable(source, failed);
    }
  }

  private static CommandException unreadable(String source, IOException failed) {
    return new CommandException(
        ExitCode.DENIED,
        "cannot read a key from %s: %s; name a file that you can read"
            .formatted(source, failed.getClass().getSimpleName()),
        failed);
  }
}
