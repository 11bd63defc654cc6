package dev.chowder.installation;

import static dev.chowder.base.ErrorText.cannot;

import com.typesafe.config.ConfigException;
import dev.chowder.admin.AdminRun;
import dev.chowder.cli.command.Environment;
import dev.chowder.cli.command.Execution;
import dev.chowder.cli.command.RootCommand;
import dev.chowder.cli.failure.CommandException;
import dev.chowder.cli.failure.ExitCode;
import dev.chowder.cli.output.Notices;
import dev.chowder.cli.output.Output;
import dev.chowder.envoy.EnvoyException;
import dev.chowder.installation.database.PrivateDatabase;
import dev.chowder.installation.developer.DeveloperCommand;
import dev.chowder.installation.service.ContainerCommand;
import dev.chowder.installation.site.Layout;
import dev.chowder.installation.site.NodeConfig;
import dev.chowder.installation.site.Site;
import dev.chowder.installation.site.StateDirectory;
import dev.chowder.installation.site.Variables;
import dev.chowder.installation.swap.SwapCommand;
import dev.chowder.program.ProgramException;
import java.io.UncheckedIOException;
import java.nio.file.AccessDeniedException;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Set;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;

/** Runs one command of the operator of a machine: {@code up}, {@code down}, {@code admin} etc. */
final class InstallationRun {
  /** Commands of operators that open the database. */
  private static final Set<String> OPEN_THE_DATABASE = Set.of("backup", "restore", "migrate");

  private InstallationRun() {}

  /**
   * Runs a command and returns its exit code.
   *
   * @param arguments the command and its arguments; the launcher passes known commands only
   */
  static int of(Environment environment, String... arguments) {
    var name = arguments.length == 0 ? "" : arguments[0];
    var rest = Arrays.copyOfRange(arguments, Math.min(1, arguments.length), arguments.length);
    var notices = new Notices(environment.errors(), environment.terminals().errors());
    var output = new Output(environment.output());
    var execution = new Execution(environment, output, notices, InstallationRun::known);
    var variables = Variables.of(environment.variables());
    var site = new Site(Layout.of(variables), variables, notices);
    var preparation = new Preparation(site, name, List.of(rest));
    int prepared = execution.run(RootCommand.of(preparation, Map.of()));
    if (prepared != ExitCode.SUCCESS.number()) return prepared;
    if (name.equals("admin")) return admin(environment, variables, rest);
    Object command =
        switch (name) {
          case "up" -> new UpCommand(site, environment);
          case "down" -> new DownCommand(site);
          case "developer" -> new DeveloperCommand(site, output);
          case "container" -> new ContainerCommand(site, environment, output);
          case "swap" -> new SwapArguments(site);
          default -> throw new IllegalArgumentException("the launcher passed: " + name);
        };
    return execution.run(RootCommand.of(command, Map.of()), rest);
  }

  private static int admin(Environment environment, Variables variables, String... arguments) {
    var here =
        new Environment(
            variables.all(),
            environment.input(),
            environment.output(),
            environment.errors(),
            environment.terminals());
    return AdminRun.of(here, () -> NodeConfig.of(variables), arguments);
  }

  /** The messages of these exceptions are written for operators. */
  private static Exception known(Exception failure) {
    return switch (failure) {
      case ProgramException _, EnvoyException _ ->
          new CommandException(code(failure), message(failure), failure);
      case UncheckedIOException io -> {
        var remedy =
            io.getCause() instanceof AccessDeniedException
                ? "run this as the user of the installation"
                : "correct this and run the command again";
        yield new CommandException(
            ExitCode.FAILED, cannot("use a file", String.valueOf(io.getCause()), remedy), failure);
      }
      case ConfigException _, IllegalArgumentException _ ->
          new CommandException(ExitCode.USAGE, message(failure), failure);
      default -> failure;
    };
  }

  /** Messages about a wrong value have one form, see {@link dev.chowder.base.ErrorText}. */
  private static ExitCode code(Exception failure) {
    return message(failure).contains(": must ") ? ExitCode.USAGE : ExitCode.FAILED;
  }

  private static String message(Exception failure) {
    return String.valueOf(failure.getMessage());
  }

  /** The work of root, which a process of another user starts. */
  @Command(name = "chowder swap")
  private static final class SwapArguments implements Runnable {
    private final Site site;

    @Parameters private List<String> words = List.of();

    SwapArguments(Site site) {
      this.site = site;
    }

    @Override
    public void run() {
      SwapCommand.run(site, words);
    }
  }

  /** Makes the private database available to the commands of operators that open it. */
  @Command(name = "chowder")
  private record Preparation(Site site, String command, List<String> arguments)
      implements Runnable {
    @Override
    public void run() {
      if (command.equals("admin")) startDatabase();
    }

    private void startDatabase() {
      if (arguments.isEmpty() || !OPEN_THE_DATABASE.contains(arguments.getFirst())) return;
      if (site.text("cluster-id").isEmpty()) return;
      StateDirectory.ensure(site);
      var database = new PrivateDatabase(site);
      if (database.exists()) database.ensure(false);
    }
  }
}
