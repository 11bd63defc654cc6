package dev.chowder.cli.command;

import com.google.gson.JsonObject;
import com.google.gson.JsonParseException;
import com.google.gson.JsonParser;
import dev.chowder.cli.failure.CommandException;
import dev.chowder.cli.failure.ExitCode;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;

/** Reads JSON objects that users write, from a file or standard input. */
public final class JsonInput {
  /** Twice the largest limit of the API, which counts without white space. */
  private static final int MAX_BYTES = 512 << 10;

  private static final String STANDARD_INPUT = "-";

  private JsonInput() {}

  /**
   * Reads an object.
   *
   * @param option the name of the option, for the message
   * @param file the path of a file; {@code -} for standard input
   */
  public static JsonObject read(Invocation invocation, String option, String file) {
    try (var stream =
        file.equals(STANDARD_INPUT)
            ? invocation.environment().input()
            : Files.newInputStream(Path.of(file))) {
      return read(stream, option, file);
    } catch (IOException | JsonParseException failed) {
      throw wrong(option, file);
    }
  }

  private static JsonObject read(InputStream stream, String option, String file)
      throws IOException {
    var bytes = stream.readNBytes(MAX_BYTES + 1);
    if (bytes.length <= MAX_BYTES
        && JsonParser.parseString(new String(bytes, StandardCharsets.UTF_8))
            instanceof JsonObject object) {
      return object;
    }
    throw wrong(option, file);
  }

  private static CommandException wrong(String option, String file) {
    return ExitCode.USAGE.failure(
        "%s: must be a readable file with a JSON object of at most 512 KiB; got %s"
            .formatted(option, file));
  }
}
