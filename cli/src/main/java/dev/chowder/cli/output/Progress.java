package dev.chowder.cli.output;

import java.io.PrintStream;

/**
 * The progress of one operation: one line that changes on a terminal, otherwise a line for each
 * change. Not for several threads.
 */
public final class Progress implements AutoCloseable {
  /** The line must not wrap, because only its last row could be replaced. */
  private static final int COLUMNS = 79;

  private static final String TO_THE_END_OF_THE_LINE = "\u001b[K";

  private final PrintStream stream;
  private final boolean isTerminal;
  private String shown = "";

  Progress(PrintStream stream, boolean isTerminal) {
    this.stream = stream;
    this.isTerminal = isTerminal;
  }

  /**
   * Shows where the operation is.
   *
   * @param step changes when the operation makes progress
   * @param elapsed the time of this step, which only a terminal shows; empty if unknown
   */
  public void update(String step, String elapsed) {
    var text = Printable.line(isTerminal && !elapsed.isEmpty() ? step + " " + elapsed : step);
    if (text.equals(shown)) return;
    shown = text;
    stream.print(isTerminal ? "\r" + cut(text) + TO_THE_END_OF_THE_LINE : text + "\n");
    stream.flush();
  }

  /** Replaces the line on a terminal by its final form. Later updates begin a new line. */
  public void finish(String text) {
    clear();
    stream.print(Printable.line(text) + "\n");
    stream.flush();
  }

  /** Removes the line from a terminal, so that other text can follow. */
  public void clear() {
    if (isTerminal && !shown.isEmpty()) stream.print("\r" + TO_THE_END_OF_THE_LINE);
    stream.flush();
    shown = "";
  }

  @Override
  public void close() {
    clear();
  }

  private static String cut(String text) {
    return text.codePointCount(0, text.length()) <= COLUMNS
        ? text
        : text.substring(0, text.offsetByCodePoints(0, COLUMNS - 3)) + "...";
  }
}
