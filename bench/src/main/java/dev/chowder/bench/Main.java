package dev.chowder.bench;

import dev.chowder.program.ProgramException;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Help.Ansi;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Runs one command of {@code scripts/bench}. */
@Command(
    name = "scripts/bench",
    description = {
      "Measure Chowder on this machine and print tables.",
      "",
      "Each bench installs and starts missing programs, uses its own installation, and removes it"
          + " at the end. Without a command, agents are measured. docs/benchmarks.md explains the"
          + " rows. Run nothing else meanwhile."
    },
    synopsisSubcommandLabel = "COMMAND",
    commandListHeading = "%nCommands:%n")
public final class Main {
  private static final int WIDTH = 100;

  /** Commands whose options the Python program reads. */
  private static final List<String> OF_PYTHON = List.of("agents", "report");

  private final BenchRun run;
  private final Checkout checkout;

  private Main(BenchRun run, Checkout checkout) {
    this.run = run;
    this.checkout = checkout;
  }

  /** Runs one command and exits with its code: 1 after a failure, 2 for wrong options. */
  public static void main(String[] arguments) {
    int code;
    try (var run = new BenchRun()) {
      var line = commandLine(new Main(run, Checkout.ofThisProcess()));
      code = line.execute(arguments.length == 0 ? new String[] {"agents"} : arguments);
    }
    System.exit(code);
  }

  private static CommandLine commandLine(Main main) {
    var line = new CommandLine(main);
    addHelp(line);
    line.getSubcommands()
        .forEach(
            (name, command) -> {
              if (OF_PYTHON.contains(name)) {
                command.setUnmatchedOptionsArePositionalParams(true);
              } else {
                addHelp(command);
                command.getCommandSpec().usageMessage().showDefaultValues(true);
              }
            });
    return line.setUsageHelpWidth(WIDTH)
        .setExpandAtFiles(false)
        .setColorScheme(CommandLine.Help.defaultColorScheme(Ansi.OFF))
        .setExecutionExceptionHandler((failed, _, _) -> main.failed(failed));
  }

  private static void addHelp(CommandLine line) {
    line.getCommandSpec()
        .addOption(
            OptionSpec.builder("-h", "--help")
                .usageHelp(true)
                .description("show this help")
                .build());
  }

  private int failed(Exception failed) throws Exception {
    // The end of the installation makes all calls fail.
    if (run.isEnding()) return CommandLine.ExitCode.SOFTWARE;
    // Its message is written for users.
    if (!(failed instanceof ProgramException)) throw failed;
    System.err.println("chowder: " + failed.getMessage() + ".");
    return CommandLine.ExitCode.SOFTWARE;
  }

  @Command(
      description =
          "create, first answer, stop, start, bursts, memory, density and pool of agents; several"
              + " hours; its option --help lists the options")
  int agents(
      @Option(names = "--swap-file", paramLabel = "SIZE") @Nullable String swapFile,
      @Parameters(arity = "0..*", hidden = true) @Nullable List<String> options)
      throws Exception {
    var words = options == null ? List.<String>of() : options;
    if (words.contains("--help") || words.contains("-h"))
      return new AgentsProgram(run, checkout).measure(words);
    var agents = new Agents(run, checkout, words);
    boolean isComplete =
        swapFile == null ? agents.measure() : agents.measure("--swap-file", swapFile);
    return isComplete ? CommandLine.ExitCode.OK : CommandLine.ExitCode.SOFTWARE;
  }

  @Command(
      description =
          "tables of the results of agents in FILE; with --charts FOLDER also charts (SVG)")
  int report(@Parameters(arity = "0..*", hidden = true) @Nullable List<String> options)
      throws Exception {
    var words = options == null ? List.<String>of() : options;
    return new AgentsProgram(run, checkout).report(words);
  }

  @Command(
      name = "control-plane",
      description = "creates, reads, verbs and watches per second, on PostgreSQL")
  void controlPlane(@Mixin ControlPlane.Options options) throws Exception {
    var installation = start(options.nodes, SimulatedInstallation.NO_RATE_LIMITS);
    new ControlPlane(installation, options).run();
  }

  @Command(
      description = "lists by page and filter, restarts and recovery of a large fleet; 10 minutes")
  void fleet(@Mixin Fleet.Options options) throws Exception {
    Fleet.check(options);
    new Fleet(start(1, SimulatedInstallation.NO_RATE_LIMITS), options).run();
  }

  /** Has the default rate limits, which are part of what isolates organizations. */
  @Command(description = "one organization alone, and during the flood of another one; 7 minutes")
  void fairness(@Mixin Fairness.Options options) throws Exception {
    new Fairness(run, start(1, Map.of()), options).run();
  }

  private SimulatedInstallation start(int nodes, Map<String, String> settings) throws Exception {
    return SimulatedInstallation.start(run, checkout, nodes, settings);
  }
}
