package dev.chowder.cli.output;

import dev.chowder.cli.failure.CommandException;
import dev.chowder.cli.failure.ExitCode;
import dev.chowder.cli.failure.OutputClosedException;
import java.io.BufferedWriter;
import java.io.IOException;
import java.io.OutputStream;
import java.io.OutputStreamWriter;
import java.io.Writer;
import java.nio.charset.StandardCharsets;
import java.util.regex.Pattern;

/**
 * Standard output, in UTF-8. Unlike {@link java.io.PrintStream} it reports failures, so that a
 * command ends when the reader of its output ends.
 */
public final class Output {
  private static final Pattern LINE_BREAKS = Pattern.compile("[\r\n]+");

  private final Writer writer;

  public Output(OutputStream stream) {
    this.writer = new BufferedWriter(new OutputStreamWriter(stream, StandardCharsets.UTF_8));
  }

  /** Prints text that is safe for a terminal. */
  public void print(String text) {
    try {
      writer.write(text);
    } catch (IOException failed) {
      throw failure(failed);
    }
  }

  /** Prints a line that is safe for a terminal. */
  public void line(String text) {
    print(text);
    print("\n");
  }

  /** Prints a JSON document on one line. Fails if it is none, so that programs get only JSON. */
  public void json(String json) {
    if (StrictJson.parse(json) == null) {
      throw ExitCode.FAILED.failure(
          "cannot print the response as JSON, which it is not; check that the URL of the context is that of a Chowder server");
    }
    // Strict JSON has line breaks only between its parts.
    line(Printable.json(LINE_BREAKS.matcher(json.strip()).replaceAll(" ")));
  }

  /** Delivers what was printed. Needed only before a wait, and at the end. */
  public void flush() {
    try {
      writer.flush();
    } catch (IOException failed) {
      throw failure(failed);
    }
  }

  private static CommandException failure(IOException failed) {
    var message = String.valueOf(failed.getMessage());
    return message.contains("Broken pipe") || message.contains("closed")
        ? new OutputClosedException(failed)
        : ExitCode.FAILED.failure(
            "cannot write the output: %s; free space or change its target"
                .formatted(Printable.line(message)),
            failed);
  }
}
