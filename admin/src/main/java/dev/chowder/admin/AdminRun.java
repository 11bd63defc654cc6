package dev.chowder.admin;

import com.typesafe.config.Config;
import com.typesafe.config.ConfigException;
import dev.chowder.admin.command.Invocation;
import dev.chowder.cli.command.Environment;
import dev.chowder.cli.command.Execution;
import dev.chowder.cli.failure.CommandException;
import dev.chowder.cli.failure.ExitCode;
import dev.chowder.secret.MasterKeyException;
import dev.chowder.storage.StorageException;
import java.util.List;
import java.util.function.Supplier;

/** Runs one command line of an operator. */
public final class AdminRun {
  private AdminRun() {}

  /**
   * Runs a command and returns its exit code.
   *
   * @param config loads the settings of the node; called only by commands that need them
   */
  public static int of(Environment environment, Supplier<Config> config, String... arguments) {
    var invocation = new Invocation(environment, config);
    return new Execution(
            environment, invocation.output(), invocation.notices(), AdminRun::withoutStackTrace)
        .run(new Commands().neededBy(invocation, List.of(arguments)), arguments);
  }

  /** The messages of these exceptions are written for operators. */
  private static Exception withoutStackTrace(Exception failure) {
    return switch (failure) {
      case StorageException _, MasterKeyException _ ->
          new CommandException(ExitCode.FAILED, String.valueOf(failure.getMessage()), failure);
      case ConfigException _, IllegalArgumentException _ ->
          new CommandException(ExitCode.USAGE, String.valueOf(failure.getMessage()), failure);
      default -> failure;
    };
  }
}
