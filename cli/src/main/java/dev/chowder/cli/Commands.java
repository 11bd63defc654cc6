package dev.chowder.cli;

import dev.chowder.cli.channel.ChannelsCommand;
import dev.chowder.cli.command.ChowderCommand;
import dev.chowder.cli.command.CompletionCommand;
import dev.chowder.cli.command.ContextCommand;
import dev.chowder.cli.command.HelpCommand;
import dev.chowder.cli.command.Invocation;
import dev.chowder.cli.command.RootCommand;
import dev.chowder.cli.command.VersionCommand;
import dev.chowder.cli.config.ConfigCommand;
import dev.chowder.cli.event.EventsCommand;
import dev.chowder.cli.file.FilesCommand;
import dev.chowder.cli.gateway.GatewayCommand;
import dev.chowder.cli.instance.InstanceCommands;
import dev.chowder.cli.key.KeysCommand;
import dev.chowder.cli.organization.OrganizationCommand;
import dev.chowder.cli.organization.SignUpCommand;
import dev.chowder.cli.organization.SubscriptionCommand;
import dev.chowder.cli.session.SessionsCommand;
import dev.chowder.cli.skill.SkillsCommand;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Supplier;
import picocli.CommandLine;

/**
 * Creates the commands. picocli inspects each command by reflection, which takes longer than the
 * rest of a start, so only the command that the arguments name is created.
 */
final class Commands {
  private static final String CONTEXT = "--context";
  private static final String COMPLETION = "completion";
  private static final String HELP = "help";
  private static final Set<String> NEED_ALL = Set.of(COMPLETION, HELP);
  private static final Set<List<String>> VERSION = Set.of(List.of("-V"), List.of("--version"));

  /** Other names of commands, which users of other programs try first. */
  private static final Map<String, List<String>> ALIASES =
      Map.of("ls", List.of("list", "ps"), "get", List.of("status"), "rm", List.of("delete"));

  private final Map<String, Supplier<Object>> known = new LinkedHashMap<>();

  Commands() {
    InstanceCommands.addTo(known);
    known.put("events", EventsCommand::new);
    known.put("files", FilesCommand::new);
    known.put("skills", SkillsCommand::new);
    known.put("config", ConfigCommand::new);
    known.put("sessions", SessionsCommand::new);
    known.put("channels", ChannelsCommand::new);
    known.put("gateway", GatewayCommand::new);
    known.put("keys", KeysCommand::new);
    known.put("org", OrganizationCommand::new);
    known.put("subscription", SubscriptionCommand::new);
    known.put("sign-up", SignUpCommand::new);
    known.put("context", ContextCommand::new);
    known.put(COMPLETION, CompletionCommand::new);
    known.put("version", VersionCommand::new);
    known.put(HELP, HelpCommand::new);
    InstanceCommands.addHiddenTo(known);
  }

  /** Returns the root command with all commands, in the order of the help. */
  CommandLine all(Invocation invocation) {
    return root(invocation, known.keySet());
  }

  /** Returns the root command with at least those commands that the arguments need. */
  CommandLine neededBy(Invocation invocation, List<String> arguments) {
    return root(invocation, needed(arguments));
  }

  private Set<String> needed(List<String> arguments) {
    if (VERSION.contains(arguments)) return Set.of();
    for (int i = 0; i < arguments.size(); i++) {
      var argument = arguments.get(i);
      if (argument.equals(CONTEXT)) {
        i++;
      } else if (!argument.startsWith("-")) {
        var name = name(argument);
        // The script of a shell, the help and the suggestion of a similar command need all.
        boolean isEnough = known.containsKey(name) && !NEED_ALL.contains(name);
        return isEnough ? Set.of(name) : known.keySet();
      }
    }
    return known.keySet();
  }

  private static String name(String argument) {
    return ALIASES.entrySet().stream()
        .filter(one -> one.getValue().contains(argument))
        .map(Map.Entry::getKey)
        .findAny()
        .orElse(argument);
  }

  private CommandLine root(Invocation invocation, Set<String> names) {
    var commands = new LinkedHashMap<String, CommandLine>();
    known.forEach(
        (name, command) -> {
          if (!names.contains(name)) return;
          var line = new CommandLine(command.get());
          line.getCommandSpec()
              .aliases(ALIASES.getOrDefault(name, List.of()).toArray(String[]::new));
          commands.put(name, line);
        });
    return RootCommand.of(new ChowderCommand(invocation), commands);
  }
}
