package dev.chowder.cli.command;

/**
 * Which of the standard streams are terminals. Java cannot find out, so the launcher passes it.
 *
 * @param input whether the user can type
 * @param output whether output is shown instead of stored
 * @param errors whether the user sees messages as they are printed
 */
public record Terminals(boolean input, boolean output, boolean errors) {
  /** The property that the launcher sets to the numbers of the streams that are terminals. */
  public static final String PROPERTY = "chowder-tool.terminals";

  public static Terminals of(String streams) {
    return new Terminals(streams.contains("0"), streams.contains("1"), streams.contains("2"));
  }
}
