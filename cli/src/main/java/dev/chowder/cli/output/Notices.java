package dev.chowder.cli.output;

import com.google.gson.JsonElement;
import java.io.OutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;

/** Standard error: messages for people. A failure to print them changes nothing. */
public final class Notices {
  private final PrintStream stream;
  private final boolean isTerminal;

  public Notices(OutputStream stream, boolean isTerminal) {
    this.stream = new PrintStream(stream, true, StandardCharsets.UTF_8);
    this.isTerminal = isTerminal;
  }

  /** Prints a line, with unsafe characters escaped. */
  public void say(String line) {
    stream.print(Printable.line(line) + "\n");
    stream.flush();
  }

  /** Prints a line with JSON, in which unsafe characters are escaped. */
  public void json(JsonElement json) {
    stream.print(Printable.json(json.toString()) + "\n");
    stream.flush();
  }

  /**
   * Prints the last line of a command that the user interrupted, perhaps in the middle of a line.
   */
  public void interrupted(String line) {
    if (isTerminal) stream.print("\n");
    say(line);
  }

  /** Prints text without a line break, such as a question. */
  public void prompt(String text) {
    stream.print(Printable.line(text));
    stream.flush();
  }

  /** Begins the progress of an operation. */
  public Progress progress() {
    return new Progress(stream, isTerminal);
  }
}
