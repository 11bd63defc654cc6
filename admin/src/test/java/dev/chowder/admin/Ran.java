package dev.chowder.admin;

import com.typesafe.config.ConfigFactory;
import dev.chowder.cli.command.Environment;
import dev.chowder.cli.command.Terminals;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.Map;

/** A command line of an operator that has run in this process, with what it printed. */
public record Ran(int code, String output, String errors) {
  /**
   * Runs a command line without a terminal.
   *
   * @param variables its environment, of which no setting is read
   * @param settings override the defaults
   */
  public static Ran of(
      Map<String, String> variables,
      Map<String, Object> settings,
      String input,
      String... arguments) {
    var output = new ByteArrayOutputStream();
    var errors = new ByteArrayOutputStream();
    var environment =
        new Environment(
            variables,
            new ByteArrayInputStream(input.getBytes(StandardCharsets.UTF_8)),
            output,
            errors,
            Terminals.of(""));
    int code =
        AdminRun.of(
            environment, () -> ConfigFactory.load(ConfigFactory.parseMap(settings)), arguments);
    return new Ran(
        code, output.toString(StandardCharsets.UTF_8), errors.toString(StandardCharsets.UTF_8));
  }
}
