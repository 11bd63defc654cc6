package dev.chowder.cli.instance;

import dev.chowder.api.v1.Instance;
import dev.chowder.cli.command.Invocation;
import java.util.Map;
import java.util.function.Function;
import picocli.CommandLine;

/** All commands that concern instances. */
public final class InstanceCommands {
  private InstanceCommands() {}

  /** Adds what creates each command, by its name, in the order of the help. */
  public static void addTo(Map<String, Function<Invocation, CommandLine>> commands) {
    commands.put("create", invocation -> new CommandLine(new CreateCommand(invocation)));
    commands.put("ls", invocation -> new CommandLine(new ListCommand(invocation)));
    commands.put("get", invocation -> new CommandLine(new GetCommand(invocation)));
    commands.put("update", invocation -> new CommandLine(new UpdateCommand(invocation)));
    commands.put("watch", invocation -> new CommandLine(new WatchCommand(invocation)));
    commands.put("chat", invocation -> new CommandLine(new ChatCommand(invocation)));
    commands.put("logs", invocation -> new CommandLine(new LogsCommand(invocation)));
    addChange(
        commands,
        "stop",
        Instance.Status.stopped,
        "Stop instances and keep their files, configuration and sessions");
    addChange(commands, "start", Instance.Status.running, "Start stopped instances");
    addChange(
        commands, "restart", Instance.Status.running, "Restart the gateways of running instances");
    addChange(commands, "recover", Instance.Status.running, "Recover instances that failed");
    commands.put("wait", invocation -> new CommandLine(new WaitCommand(invocation)));
    commands.put("rm", invocation -> new CommandLine(new RemoveCommand(invocation)));
  }

  /** Adds what creates the hidden command that the scripts of shells run. */
  public static void addHiddenTo(Map<String, Function<Invocation, CommandLine>> commands) {
    commands.put("complete", invocation -> new CommandLine(new CompleteCommand(invocation)));
  }

  private static void addChange(
      Map<String, Function<Invocation, CommandLine>> commands,
      String verb,
      Instance.Status wanted,
      String description) {
    commands.put(
        verb,
        invocation -> {
          var line = new CommandLine(new ChangeCommand(invocation, verb, wanted));
          line.getCommandSpec().usageMessage().description(description);
          return line;
        });
  }
}
