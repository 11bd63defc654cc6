package dev.chowder.operate;

import dev.chowder.cli.command.RootCommand;
import dev.chowder.operate.admin.envoy.EnvoyConfigCommand;
import dev.chowder.operate.admin.key.MasterKeyCommand;
import dev.chowder.operate.admin.node.AuditCommand;
import dev.chowder.operate.admin.node.CallCommand;
import dev.chowder.operate.admin.node.EffectsCommand;
import dev.chowder.operate.admin.node.HostPortsCommand;
import dev.chowder.operate.admin.node.HostsCommand;
import dev.chowder.operate.admin.node.InstancesCommand;
import dev.chowder.operate.admin.node.NodesCommand;
import dev.chowder.operate.admin.node.OrganizationsCommand;
import dev.chowder.operate.admin.node.ReconcilerCommand;
import dev.chowder.operate.admin.node.RowsCommand;
import dev.chowder.operate.admin.node.SandboxesCommand;
import dev.chowder.operate.admin.storage.BackupCommand;
import dev.chowder.operate.admin.storage.MigrateCommand;
import dev.chowder.operate.admin.storage.MoveCommand;
import dev.chowder.operate.admin.storage.RestoreCommand;
import dev.chowder.operate.command.Invocation;
import dev.chowder.operate.command.OperatorCommand;
import dev.chowder.operate.developer.DeveloperCommand;
import dev.chowder.operate.service.ContainerCommand;
import dev.chowder.operate.swap.SwapCommand;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Supplier;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Parameters;

/**
 * Creates the commands. picocli inspects each command by reflection, so only the command that the
 * arguments name is created.
 */
final class Commands {
  private static final String ADMIN = "admin";

  /** The commands by name, and those of {@code admin}, in the order of the help. */
  private final Map<String, Supplier<Object>> first = new LinkedHashMap<>();

  private final Map<String, Supplier<Object>> ofAdmin = new LinkedHashMap<>();

  Commands() {
    first.put("up", UpCommand::new);
    first.put("down", DownCommand::new);
    first.put(ADMIN, AdminCommand::new);
    first.put("container", ContainerCommand::new);
    first.put("developer", DeveloperCommand::new);
    first.put("swap", SwapArguments::new);
    ofAdmin.put("organizations", OrganizationsCommand::new);
    ofAdmin.put("instances", InstancesCommand::new);
    ofAdmin.put("effects", EffectsCommand::new);
    ofAdmin.put("reconciler", ReconcilerCommand::new);
    ofAdmin.put("sandboxes", SandboxesCommand::new);
    ofAdmin.put("host-ports", HostPortsCommand::new);
    ofAdmin.put("hosts", HostsCommand::new);
    ofAdmin.put("nodes", NodesCommand::new);
    ofAdmin.put("audit", AuditCommand::new);
    ofAdmin.put("rows", RowsCommand::new);
    ofAdmin.put("master-key", MasterKeyCommand::new);
    ofAdmin.put("backup", BackupCommand::new);
    ofAdmin.put("restore", RestoreCommand::new);
    ofAdmin.put("migrate", MigrateCommand::new);
    ofAdmin.put("move-to-postgresql", MoveCommand::new);
    ofAdmin.put("envoy-config", EnvoyConfigCommand::new);
    ofAdmin.put("call", CallCommand::new);
  }

  /** Returns the root of all commands. */
  CommandLine all(Invocation invocation) {
    return root(invocation, first.keySet(), ofAdmin.keySet());
  }

  /** Returns the root of at least those commands that the arguments need. */
  CommandLine neededBy(Invocation invocation, List<String> arguments) {
    return root(
        invocation, needed(first.keySet(), arguments, 0), needed(ofAdmin.keySet(), arguments, 1));
  }

  private static Set<String> needed(Set<String> known, List<String> arguments, int position) {
    var name = arguments.size() > position ? arguments.get(position) : "";
    return known.contains(name) ? Set.of(name) : known;
  }

  private CommandLine root(Invocation invocation, Set<String> names, Set<String> namesOfAdmin) {
    var root = new CommandLine(CommandSpec.wrapWithoutInspection(invocation).name("chowder"));
    first.forEach(
        (name, command) -> {
          if (!names.contains(name)) return;
          var commands = new LinkedHashMap<String, CommandLine>();
          if (name.equals(ADMIN)) {
            ofAdmin.forEach(
                (noun, create) -> {
                  if (!namesOfAdmin.contains(noun)) return;
                  commands.put(noun, new CommandLine(create.get()));
                });
          }
          root.addSubcommand(name, RootCommand.of(command.get(), commands));
        });
    return root.setExpandAtFiles(false);
  }

  /** The work of root, which a process of another user starts. */
  @Command(name = "swap")
  private static final class SwapArguments extends OperatorCommand implements Runnable {
    @Parameters private List<String> words = List.of();

    @Override
    public void run() {
      SwapCommand.run(site(), words);
    }
  }
}
