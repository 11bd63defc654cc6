package dev.chowder.cli.command;

import dev.chowder.cli.failure.ExitCode;
import dev.chowder.cli.output.Spans;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;
import picocli.CommandLine;
import picocli.CommandLine.Help.Ansi;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.ScopeType;
import picocli.CommandLine.TypeConversionException;

/** Creates the root of a command line, with the options that every command has. */
public final class RootCommand {
  private static final int WIDTH = 100;

  private RootCommand() {}

  /**
   * Creates the root.
   *
   * @param command the annotated object of the root
   * @param commands the commands below it by name, in the order of the help
   */
  public static CommandLine of(Object command, Map<String, CommandLine> commands) {
    var line = new CommandLine(command);
    line.getCommandSpec()
        .addOption(
            OptionSpec.builder("-h", "--help")
                .usageHelp(true)
                .scopeType(ScopeType.INHERIT)
                .description("show this help")
                .build())
        .addOption(
            OptionSpec.builder("-V", "--version")
                .versionHelp(true)
                .description("show the version")
                .build());
    commands.forEach(line::addSubcommand);
    describe(line);
    line.getCommandSpec()
        .versionProvider(RootCommand::version)
        .usageMessage()
        .commandListHeading("%nCommands:%n")
        .optionListHeading("%nOptions:%n")
        .exitCodeListHeading("%nExit codes:%n");
    var codes = new LinkedHashMap<String, String>();
    for (var code : ExitCode.values()) codes.put(Integer.toString(code.number()), code.meaning());
    line.getCommandSpec().usageMessage().exitCodeList(codes);
    // These calls also concern the subcommands, which are added before.
    return line.setUsageHelpWidth(WIDTH)
        // Otherwise a message that begins with @ would be the name of a file with arguments.
        .setExpandAtFiles(false)
        .setColorScheme(CommandLine.Help.defaultColorScheme(Ansi.OFF))
        .registerConverter(Duration.class, RootCommand::duration);
  }

  /** Sets how the help names a subcommand, unless the command does. */
  private static void describe(CommandLine line) {
    var message = line.getCommandSpec().usageMessage();
    if (message.synopsisSubcommandLabel().equals("[COMMAND]")) {
      message.synopsisSubcommandLabel("COMMAND");
    }
    line.getSubcommands().values().forEach(RootCommand::describe);
  }

  /** Returns the version of the jar, which is that of Chowder. */
  static String number() {
    var version = RootCommand.class.getPackage().getImplementationVersion();
    return Objects.requireNonNullElse(version, "(not packaged)");
  }

  private static String[] version() {
    return new String[] {"chowder " + number()};
  }

  private static Duration duration(String text) {
    return Spans.parse(text)
        .orElseThrow(
            () -> new TypeConversionException("must be a number with s, m or h; got " + text));
  }
}
