package dev.chowder.operate;

import static dev.chowder.base.ErrorText.cannot;

import com.typesafe.config.ConfigException;
import dev.chowder.cli.command.Environment;
import dev.chowder.cli.command.Execution;
import dev.chowder.cli.failure.ExitCode;
import dev.chowder.cli.output.Notices;
import dev.chowder.operate.command.Invocation;
import dev.chowder.operate.site.Layout;
import dev.chowder.operate.site.Site;
import dev.chowder.operate.site.Variables;
import dev.chowder.program.ProgramException;
import dev.chowder.secret.MasterKeyException;
import dev.chowder.storage.StorageException;
import java.io.UncheckedIOException;
import java.nio.file.AccessDeniedException;
import java.util.List;

/** Runs one command of the operator of a machine: {@code up}, {@code down}, {@code admin} etc. */
final class OperateRun {
  private OperateRun() {}

  /**
   * Runs a command and returns its exit code.
   *
   * @param arguments the command and its arguments
   */
  static int of(Environment environment, String... arguments) {
    var variables = Variables.of(environment.variables());
    var notices = new Notices(environment.errors(), environment.terminals().errors());
    var site = new Site(Layout.of(variables), variables, notices);
    return of(new Invocation(site, environment), arguments);
  }

  static int of(Invocation invocation, String... arguments) {
    return new Execution(invocation, OperateRun::known)
        .run(new Commands().neededBy(invocation, List.of(arguments)), arguments);
  }

  /** The messages of these exceptions are written for operators. */
  private static Exception known(Exception failure) {
    return switch (failure) {
      case ProgramException _, StorageException _, MasterKeyException _ ->
          ExitCode.FAILED.failure(String.valueOf(failure.getMessage()), failure);
      case UncheckedIOException io -> {
        var remedy =
            io.getCause() instanceof AccessDeniedException
                ? "run this as the user of the installation"
                : "correct this and run the command again";
        yield ExitCode.FAILED.failure(
            cannot("use a file", String.valueOf(io.getCause()), remedy), failure);
      }
      // A setting, a variable or an argument is wrong.
      case ConfigException _, IllegalArgumentException _ ->
          ExitCode.USAGE.failure(String.valueOf(failure.getMessage()), failure);
      default -> failure;
    };
  }
}
