package dev.chowder.operate;

import com.typesafe.config.ConfigFactory;
import dev.chowder.cli.command.Environment;
import dev.chowder.cli.command.Terminals;
import dev.chowder.cli.output.Notices;
import dev.chowder.operate.command.Invocation;
import dev.chowder.operate.site.Layout;
import dev.chowder.operate.site.Site;
import dev.chowder.operate.site.Variables;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Map;
import java.util.stream.Stream;

/** A command line of an operator that has run in this process, with what it printed. */
public record Ran(int code, String output, String errors) {
  /**
   * Runs a command of {@code chowder admin} without a terminal.
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
    var words = Stream.concat(Stream.of("admin"), Stream.of(arguments)).toArray(String[]::new);
    int code = OperateRun.of(invocation(environment, settings), words);
    return new Ran(
        code, output.toString(StandardCharsets.UTF_8), errors.toString(StandardCharsets.UTF_8));
  }

  /**
   * Returns the run of a command, whose programs are missing.
   *
   * @param settings override the defaults
   */
  public static Invocation invocation(Environment environment, Map<String, Object> settings) {
    var variables = Variables.of(environment.variables());
    var home = environment.variables().getOrDefault("CHOWDER_HOME", "/nonexistent");
    variables.set("CHOWDER_HOME", settings.getOrDefault("chowder.home", home).toString());
    var release = Path.of("/opt/release");
    var layout = new Layout(release, release.resolve("app"), release, release);
    var notices = new Notices(environment.errors(), false);
    return new Invocation(
        new Site(layout, variables, notices),
        environment,
        () -> ConfigFactory.load(ConfigFactory.parseMap(settings)));
  }
}
