package dev.chowder.admin;

import dev.chowder.cli.failure.CommandException;
import dev.chowder.cli.failure.ExitCode;
import java.util.Objects;
import picocli.CommandLine.Command;
import picocli.CommandLine.IVersionProvider;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

/** The root command. */
@Command(
    name = "chowder admin",
    description = "Operate a Chowder installation on this machine.",
    versionProvider = AdminCommand.Version.class,
    synopsisSubcommandLabel = "COMMAND",
    commandListHeading = "%nCommands:%n",
    optionListHeading = "%nOptions:%n",
    exitCodeListHeading = "%nExit codes:%n",
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
    throw new CommandException(ExitCode.USAGE, "command: must be one of the above; got none");
  }

  /** The version of the jar. */
  static final class Version implements IVersionProvider {
    @Override
    public String[] getVersion() {
      var version = Version.class.getPackage().getImplementationVersion();
      return new String[] {"chowder " + Objects.requireNonNullElse(version, "(not packaged)")};
    }
  }
}
