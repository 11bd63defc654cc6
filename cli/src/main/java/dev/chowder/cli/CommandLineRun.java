package dev.chowder.cli;

import dev.chowder.cli.command.Environment;
import dev.chowder.cli.command.Invocation;
import dev.chowder.cli.failure.CommandException;
import dev.chowder.cli.failure.ExitCode;
import dev.chowder.cli.failure.OutputClosedException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.charset.StandardCharsets;
import java.util.List;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.UnmatchedArgumentException;

/** Runs one command line. Every failure becomes one sentence and an exit code. */
public final class CommandLineRun {
  private final Invocation invocation;

  private CommandLineRun(Invocation invocation) {
    this.invocation = invocation;
  }

  /** Runs a command and returns its exit code. */
  public static int of(Environment environment, String... arguments) {
    return new CommandLineRun(new Invocation(environment)).run(arguments);
  }

  private int run(String... arguments) {
    var errors = invocation.environment().errors();
    var line =
        new Commands()
            .neededBy(invocation, List.of(arguments))
            .setErr(new PrintWriter(errors, true, StandardCharsets.UTF_8))
            .setParameterExceptionHandler((failure, _) -> misused(failure))
            .setExecutionExceptionHandler((failure, _, _) -> failed(failure));
    var help = new StringWriter();
    line.setOut(new PrintWriter(help));
    int code;
    try {
      code = line.execute(arguments);
    } catch (OutOfMemoryError tooLarge) {
      invocation.notices().say("chowder: the responses are too large; ask for less of them.");
      return ExitCode.FAILED.number();
    }
    try {
      invocation.output().print(help.toString());
      invocation.output().flush();
    } catch (CommandException failure) {
      return code == 0 ? failed(failure) : code;
    }
    return code;
  }

  private int misused(ParameterException failure) {
    var command = failure.getCommandLine().getCommandSpec().qualifiedName();
    var message = String.valueOf(failure.getMessage()).strip().replaceFirst("\\.$", "");
    var suggestions =
        failure instanceof UnmatchedArgumentException unmatched
            ? unmatched.getSuggestions()
            : List.<String>of();
    if (!suggestions.isEmpty()) message += "; did you mean " + suggestions.getFirst();
    invocation
        .notices()
        .say("chowder: %s; \"%s --help\" shows the usage.".formatted(message, command));
    return ExitCode.USAGE.number();
  }

  private int failed(Exception failure) {
    return switch (failure) {
      case OutputClosedException closed -> closed.code().number();
      case CommandException known -> {
        invocation.notices().say("chowder: " + known.getMessage() + ".");
        yield known.code().number();
      }
      default -> {
        invocation
            .notices()
            .say(
                "chowder: a bug in the command line: %s; report it with the command, without keys."
                    .formatted(failure));
        yield ExitCode.FAILED.number();
      }
    };
  }
}
