package dev.chowder.cli;

import dev.chowder.cli.channel.ChannelsCommand;
import dev.chowder.cli.command.CompletionCommand;
import dev.chowder.cli.command.ContextCommand;
import dev.chowder.cli.command.Invocation;
import dev.chowder.cli.command.RootCommand;
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
import java.util.function.Function;
import picocli.CommandLine;

/**
 * Creates the commands. picocli inspects each command by reflection, which takes longer than the
 * rest of a start, so only the command that the arguments name is created.
 */
final class Commands {
  private static final String CONTEXT = "--context";
  private static final String COMPLETION = "completion";
  private static final Set<List<String>> VERSION = Set.of(List.of("-V"), List.of("--version"));

  private final Map<String, Function<Invocation, CommandLine>> known = new LinkedHashMap<>();

  Commands() {
    InstanceCommands.addTo(known);
    known.put("events", invocation -> new CommandLine(new EventsCommand(invocation)));
    known.put("files", invocation -> new CommandLine(new FilesCommand(invocation)));
    known.put("skills", invocation -> new CommandLine(new SkillsCommand(invocation)));
    known.put("config", invocation -> new CommandLine(new ConfigCommand(invocation)));
    known.put("sessions", invocation -> new CommandLine(new SessionsCommand(invocation)));
    known.put("channels", invocation -> new CommandLine(new ChannelsCommand(invocation)));
    known.put("gateway", invocation -> new CommandLine(new GatewayCommand(invocation)));
    known.put("keys", invocation -> new CommandLine(new KeysCommand(invocation)));
    known.put("org", invocation -> new CommandLine(new OrganizationCommand(invocation)));
    known.put("subscription", invocation -> new CommandLine(new SubscriptionCommand(invocation)));
    known.put("sign-up", invocation -> new CommandLine(new SignUpCommand(invocation)));
    known.put("context", invocation -> new CommandLine(new ContextCommand(invocation)));
    known.put(COMPLETION, invocation -> new CommandLine(new CompletionCommand(invocation)));
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
        // The script of a shell, and the suggestion of a similar command, need all.
        boolean isEnough = known.containsKey(argument) && !argument.equals(COMPLETION);
        return isEnough ? Set.of(argument) : known.keySet();
      }
    }
    return known.keySet();
  }

  private CommandLine root(Invocation invocation, Set<String> names) {
    var commands = new LinkedHashMap<String, CommandLine>();
    known.forEach(
        (name, command) -> {
          if (names.contains(name)) commands.put(name, command.apply(invocation));
        });
    return RootCommand.of(new ChowderCommand(invocation), commands);
  }
}
