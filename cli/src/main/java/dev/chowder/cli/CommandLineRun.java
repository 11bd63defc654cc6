package dev.chowder.cli;

import dev.chowder.cli.command.Environment;
import dev.chowder.cli.command.Execution;
import dev.chowder.cli.command.Invocation;
import java.util.List;
import java.util.function.UnaryOperator;

/** Runs one command line of a user. */
public final class CommandLineRun {
  private CommandLineRun() {}

  /** Runs a command and returns its exit code. */
  public static int of(Environment environment, String... arguments) {
    try (var invocation = new Invocation(environment)) {
      return new Execution(invocation, UnaryOperator.identity())
          .run(new Commands().neededBy(invocation, List.of(arguments)), arguments);
    }
  }
}
