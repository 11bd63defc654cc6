package dev.chowder.admin;

import dev.chowder.admin.command.Invocation;
import dev.chowder.admin.envoy.EnvoyConfigCommand;
import dev.chowder.admin.key.MasterKeyCommand;
import dev.chowder.admin.node.AuditCommand;
import dev.chowder.admin.node.CallCommand;
import dev.chowder.admin.node.EffectsCommand;
import dev.chowder.admin.node.HostPortsCommand;
import dev.chowder.admin.node.HostsCommand;
import dev.chowder.admin.node.InstancesCommand;
import dev.chowder.admin.node.NodesCommand;
import dev.chowder.admin.node.OrganizationsCommand;
import dev.chowder.admin.node.ReconcilerCommand;
import dev.chowder.admin.node.RowsCommand;
import dev.chowder.admin.node.SandboxesCommand;
import dev.chowder.admin.storage.BackupCommand;
import dev.chowder.admin.storage.MigrateCommand;
import dev.chowder.admin.storage.MoveCommand;
import dev.chowder.admin.storage.RestoreCommand;
import dev.chowder.cli.command.RootCommand;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Function;
import picocli.CommandLine;

/**
 * Creates the commands. picocli inspects each command by reflection, so only the command that the
 * arguments name is created.
 */
final class Commands {
  private static final Set<List<String>> VERSION = Set.of(List.of("-V"), List.of("--version"));

  private final Map<String, Function<Invocation, Object>> known = new LinkedHashMap<>();

  Commands() {
    known.put("organizations", OrganizationsCommand::new);
    known.put("instances", InstancesCommand::new);
    known.put("effects", EffectsCommand::new);
    known.put("reconciler", ReconcilerCommand::new);
    known.put("sandboxes", SandboxesCommand::new);
    known.put("host-ports", HostPortsCommand::new);
    known.put("hosts", HostsCommand::new);
    known.put("nodes", NodesCommand::new);
    known.put("audit", AuditCommand::new);
    known.put("rows", RowsCommand::new);
    known.put("master-key", MasterKeyCommand::new);
    known.put("backup", BackupCommand::new);
    known.put("restore", RestoreCommand::new);
    known.put("migrate", MigrateCommand::new);
    known.put("move-to-postgresql", MoveCommand::new);
    known.put("envoy-config", EnvoyConfigCommand::new);
    known.put("call", CallCommand::new);
  }

  /** Returns the root command with all commands, in the order of the help. */
  CommandLine all(Invocation invocation) {
    return root(invocation, known.keySet());
  }

  /** Returns the root command with at least those commands that the arguments need. */
  CommandLine neededBy(Invocation invocation, List<String> arguments) {
    if (VERSION.contains(arguments)) return root(invocation, Set.of());
    var first = arguments.isEmpty() ? "" : arguments.getFirst();
    return root(invocation, known.containsKey(first) ? Set.of(first) : known.keySet());
  }

  private CommandLine root(Invocation invocation, Set<String> names) {
    var commands = new LinkedHashMap<String, CommandLine>();
    known.forEach(
        (name, command) -> {
          if (names.contains(name)) commands.put(name, new CommandLine(command.apply(invocation)));
        });
    return RootCommand.of(new AdminCommand(), commands);
  }
}
