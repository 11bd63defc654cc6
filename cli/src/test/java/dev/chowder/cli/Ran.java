package dev.chowder.cli;

import dev.chowder.cli.command.Environment;
import dev.chowder.cli.command.Terminals;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.Map;

/** A command line that has run, with what it printed. */
public record Ran(int code, String output, String errors) {
  /**
   * Runs a command line.
   *
   * @param terminals the numbers of the streams that are terminals
   */
  public static Ran of(
      Map<String, String> variables, String input, String terminals, String... arguments) {
    var output = new ByteArrayOutputStream();
    var errors = new ByteArrayOutputStream();
    var environment =
        new Environment(
            variables,
            new ByteArrayInputStream(input.getBytes(StandardCharsets.UTF_8)),
            output,
            errors,
            Terminals.of(terminals));
    int code = CommandLineRun.of(environment, arguments);
    return new Ran(
        code, output.toString(StandardCharsets.UTF_8), errors.toString(StandardCharsets.UTF_8));
  }
}
