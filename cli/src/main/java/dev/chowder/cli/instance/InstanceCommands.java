package dev.chowder.cli.instance;

import dev.chowder.api.v1.Instance;
import dev.chowder.cli.command.Invocation;
import picocli.CommandLine;

/** All commands that concern instances. */
public final class InstanceCommands {
  private InstanceCommands() {}

  /** Adds the commands in the order of the help. */
  public static void addTo(CommandLine line, Invocation invocation) {
    line.addSubcommand(new CreateCommand(invocation));
    line.addSubcommand(new ListCommand(invocation));
    line.addSubcommand(new GetCommand(invocation));
    line.addSubcommand(new WatchCommand(invocation));
    line.addSubcommand(new ChatCommand(invocation));
    line.addSubcommand(new LogsCommand(invocation));
    add(
        line,
        "stop",
        "Stop instances and keep their files, configuration and sessions",
        new ChangeCommand(invocation, "stop", Instance.Status.stopped));
    add(
        line,
        "start",
        "Start stopped instances",
        new ChangeCommand(invocation, "start", Instance.Status.running));
    add(
        line,
        "restart",
        "Restart the gateways of running instances",
        new ChangeCommand(invocation, "restart", Instance.Status.running));
    add(
        line,
        "recover",
        "Recover instances that failed",
        new ChangeCommand(invocation, "recover", Instance.Status.running));
    line.addSubcommand(new RemoveCommand(invocation));
  }

  private static void add(
      CommandLine line, String name, String description, ChangeCommand command) {
    var added = new CommandLine(command);
    added.getCommandSpec().usageMessage().description(description);
    line.addSubcommand(name, added);
  }
}
