package dev.chowder.cli;

import dev.chowder.cli.channel.ChannelsCommand;
import dev.chowder.cli.command.CompletionCommand;
import dev.chowder.cli.command.ContextCommand;
import dev.chowder.cli.command.Environment;
import dev.chowder.cli.command.Invocation;
import dev.chowder.cli.event.EventsCommand;
import dev.chowder.cli.failure.CommandException;
import dev.chowder.cli.failure.ExitCode;
import dev.chowder.cli.failure.OutputClosedException;
import dev.chowder.cli.file.FilesCommand;
import dev.chowder.cli.instance.InstanceCommands;
import dev.chowder.cli.key.KeysCommand;
import dev.chowder.cli.organization.OrganizationCommand;
import dev.chowder.cli.output.Spans;
import dev.chowder.cli.skill.SkillsCommand;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import picocli.CommandLine;
import picocli.CommandLine.Help.Ansi;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.ScopeType;
import picocli.CommandLine.TypeConversionException;
import picocli.CommandLine.UnmatchedArgumentException;

/** Runs one command line. Every failure becomes one sentence and an exit code. */
public final class CommandLineRun {
  private static final int WIDTH = 100;

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
        commandLine(invocation)
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

  /** Returns all commands, in the order of the help. */
  static CommandLine commandLine(Invocation invocation) {
    var line = new CommandLine(new ChowderCommand(invocation));
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
    InstanceCommands.addTo(line, invocation);
    line.addSubcommand(new EventsCommand(invocation));
    line.addSubcommand(new FilesCommand(invocation));
    line.addSubcommand(new SkillsCommand(invocation));
    line.addSubcommand(new ChannelsCommand(invocation));
    line.addSubcommand(new KeysCommand(invocation));
    line.addSubcommand(new OrganizationCommand(invocation));
    line.addSubcommand(new ContextCommand(invocation));
    line.addSubcommand(new CompletionCommand(invocation));
    var codes = new LinkedHashMap<String, String>();
    for (var code : ExitCode.values()) codes.put(Integer.toString(code.number()), code.meaning());
    line.getCommandSpec().usageMessage().exitCodeList(codes);
    // Subcommands included, so they are added before.
    return line.setUsageHelpWidth(WIDTH)
        // Otherwise a message that begins with @ would be the name of a file with arguments.
        .setExpandAtFiles(false)
        .setColorScheme(CommandLine.Help.defaultColorScheme(Ansi.OFF))
        .registerConverter(Duration.class, CommandLineRun::duration);
  }

  private static Duration duration(String text) {
    return Spans.parse(text)
        .orElseThrow(
            () -> new TypeConversionException("must be a number with s, m or h; got " + text));
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
