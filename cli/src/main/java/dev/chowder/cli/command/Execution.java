package dev.chowder.cli.command;

import dev.chowder.cli.failure.ClientFailure;
import dev.chowder.cli.failure.CommandException;
import dev.chowder.cli.failure.ExitCode;
import dev.chowder.cli.failure.OutputClosedException;
import dev.chowder.client.failure.ClientException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.InvalidPathException;
import java.util.Arrays;
import java.util.List;
import java.util.function.UnaryOperator;
import java.util.regex.Pattern;
import picocli.CommandLine;
import picocli.CommandLine.ParameterException;

/**
 * Executes one command line. Every failure becomes one sentence and an exit code.
 *
 * @param known turns a failure that is no bug into a {@link CommandException}, and returns every
 *     other one unchanged
 */
public record Execution(Console console, UnaryOperator<Exception> known) {
  /** The JVM replaces what it cannot decode, which would otherwise become a part of a message. */
  private static final char UNREADABLE = '\ufffd';

  private static final Pattern JSON = Pattern.compile("(?m)^(-o|--output)[\n=]?json$");

  /** Runs a command and returns its exit code. */
  public int run(CommandLine line, String... arguments) {
    if (Arrays.stream(arguments).anyMatch(one -> one.indexOf(UNREADABLE) >= 0)) {
      return failed(
          ExitCode.USAGE.failure(
              "arguments: must be UTF-8, in a locale with UTF-8; set LC_ALL=C.UTF-8"));
    }
    if (wantsJson(List.of(arguments))) console.useJsonErrors();
    var help = new StringWriter();
    line.setOut(new PrintWriter(help))
        .setErr(new PrintWriter(console.environment().errors(), true, StandardCharsets.UTF_8))
        .setParameterExceptionHandler((failure, _) -> misused(failure))
        .setExecutionExceptionHandler((failure, _, _) -> failed(known.apply(failure)));
    int code;
    try {
      code = line.execute(arguments);
    } catch (OutOfMemoryError | StackOverflowError tooLarge) {
      console.notices().say("chowder: the responses are too large; ask for less of them.");
      return ExitCode.FAILED.number();
    }
    try {
      console.output().print(help.toString());
      console.output().flush();
    } catch (CommandException failure) {
      return code == 0 ? failed(failure) : code;
    }
    return code;
  }

  /** Also finds the option if an argument before it is wrong, so that picocli does not read it. */
  private static boolean wantsJson(List<String> arguments) {
    int end = arguments.indexOf("--");
    var options = end < 0 ? arguments : arguments.subList(0, end);
    return JSON.matcher(String.join("\n", options)).find();
  }

  private int misused(ParameterException failure) {
    var command = failure.getCommandLine().getCommandSpec().qualifiedName();
    var message = String.valueOf(failure.getMessage()).strip().replaceFirst("\\.$", "");
    var suggestion = Suggestion.of(failure).map("; did you mean %s"::formatted).orElse("");
    return failed(
        ExitCode.USAGE.failure(
            "%s%s; \"%s --help\" shows the usage".formatted(message, suggestion, command)));
  }

  private int failed(Exception failure) {
    var known =
        switch (failure) {
          case ClientException call -> ClientFailure.of(call);
          case CommandException command -> command;
          case InvalidPathException path ->
              ExitCode.USAGE.failure(
                  "cannot use the file name %s: %s; use other characters, or a locale with UTF-8"
                      .formatted(path.getInput(), path.getReason()));
          default ->
              ExitCode.FAILED.failure(
                  "a bug in the command line: %s; report it with the command, without keys"
                      .formatted(failure));
        };
    if (!(known instanceof OutputClosedException)) console.report(known);
    return known.code().number();
  }
}
