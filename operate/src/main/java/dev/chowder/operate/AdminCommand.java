package dev.chowder.operate;

import dev.chowder.cli.failure.ExitCode;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

/** The command {@code admin}. */
@Command(
    name = "admin",
    description = "Operate a Chowder installation on this machine.",
    footerHeading = "%nVariables:%n",
    footer = {
      "  CHOWDER_HOME       state directory of the installation (default: ~/.local/share/chowder)",
      "  CHOWDER_JAVA_OPTS  its options with -D are settings, as for nodes",
      "",
      "Set all variables CHOWDER_* as for the nodes of the installation."
    })
final class AdminCommand implements Runnable {
  @Spec private CommandSpec spec = CommandSpec.create();

  @Override
  public void run() {
    spec.commandLine().usage(spec.commandLine().getErr());
    throw ExitCode.USAGE.failure("command: must be one of the above; got none");
  }
}
