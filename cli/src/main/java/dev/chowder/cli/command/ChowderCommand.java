package dev.chowder.cli.command;

import dev.chowder.cli.failure.ExitCode;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ScopeType;
import picocli.CommandLine.Spec;

/** The root command. */
@Command(
    name = "chowder",
    description = "Run OpenClaw agents on a Chowder server.",
    footerHeading = "%nVariables:%n",
    footer = {
      "  CHOWDER_CONTEXT   context to use; otherwise that of \"chowder context use\"",
      "  CHOWDER_URL       URL of a server to use instead of a context",
      "  CHOWDER_KEY       key to use, or the file CHOWDER_KEY_FILE",
      "",
      "Without any of these, commands use the installation on this machine.",
      "",
      "On the machine of an installation:",
      "  chowder up      starts it",
      "  chowder down    stops it",
      "  chowder admin   has the commands of operators"
    })
public final class ChowderCommand implements Runnable {
  private final Invocation invocation;

  @Spec private CommandSpec spec = CommandSpec.create();

  public ChowderCommand(Invocation invocation) {
    this.invocation = invocation;
  }

  Invocation invocation() {
    return invocation;
  }

  @Option(
      names = "--context",
      paramLabel = "NAME",
      scope = ScopeType.INHERIT,
      completionCandidates = Candidates.Contexts.class,
      description = "context to use for this command")
  void setContext(String name) {
    invocation.choose(name);
  }

  @Option(
      names = "--debug",
      scope = ScopeType.INHERIT,
      description = "print each call with its status and time, without keys")
  void setDebug(boolean debug) {
    invocation.debug(debug);
  }

  @Override
  public void run() {
    spec.commandLine().usage(spec.commandLine().getErr());
    throw ExitCode.USAGE.failure("command: must be one of the above; got none");
  }
}
