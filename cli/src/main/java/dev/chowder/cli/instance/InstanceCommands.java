package dev.chowder.cli.instance;

import dev.chowder.api.v1.Instance;
import java.util.Map;
import java.util.function.Supplier;

/** All commands that concern instances. */
public final class InstanceCommands {
  private InstanceCommands() {}

  /** Adds what creates each command, by its name, in the order of the help. */
  public static void addTo(Map<String, Supplier<Object>> commands) {
    commands.put("create", CreateCommand::new);
    commands.put("ls", ListCommand::new);
    commands.put("get", GetCommand::new);
    commands.put("update", UpdateCommand::new);
    commands.put("watch", WatchCommand::new);
    commands.put("chat", ChatCommand::new);
    commands.put("logs", LogsCommand::new);
    addChange(
        commands,
        "stop",
        Instance.Status.stopped,
        "Stop instances and keep their files, configuration and sessions");
    addChange(commands, "start", Instance.Status.running, "Start stopped instances");
    addChange(
        commands, "restart", Instance.Status.running, "Restart the gateways of running instances");
    addChange(commands, "recover", Instance.Status.running, "Recover instances that failed");
    commands.put("wait", WaitCommand::new);
    commands.put("rm", RemoveCommand::new);
  }

  /** Adds what creates the hidden command that the scripts of shells run. */
  public static void addHiddenTo(Map<String, Supplier<Object>> commands) {
    commands.put("complete", CompleteCommand::new);
  }

  private static void addChange(
      Map<String, Supplier<Object>> commands,
      String verb,
      Instance.Status wanted,
      String description) {
    commands.put(verb, () -> new ChangeCommand(verb, wanted, description));
  }
}
