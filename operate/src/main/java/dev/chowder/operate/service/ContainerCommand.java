package dev.chowder.operate.service;

import dev.chowder.cli.failure.ExitCode;
import dev.chowder.operate.aot.AotCache;
import dev.chowder.operate.command.OperatorCommand;
import dev.chowder.operate.docker.DockerHost;
import dev.chowder.operate.edge.EnvoyServer;
import dev.chowder.operate.model.DemoModel;
import dev.chowder.operate.model.ModelChoice;
import dev.chowder.operate.model.ModelSettings;
import dev.chowder.operate.node.NodeProcesses;
import dev.chowder.operate.node.Nodes;
import dev.chowder.operate.node.ServerCommand;
import dev.chowder.operate.organization.FirstOrganization;
import dev.chowder.operate.organization.Operator;
import dev.chowder.operate.process.Background;
import dev.chowder.operate.purge.Purge;
import dev.chowder.operate.site.Site;
import dev.chowder.operate.state.OwnerOnly;
import dev.chowder.operate.state.Poll;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import picocli.CommandLine.Command;

/**
 * The command {@code container}: the work of the services in deploy/compose.yaml. A service that
 * keeps running is a program of its own, so its command only prints what the entry point
 * (scripts/lib/container.sh) needs to run it.
 */
@Command(
    name = "container",
    description = "Do the work of a service of the server image (deploy/compose.yaml)",
    synopsisSubcommandLabel = "SERVICE")
public final class ContainerCommand extends OperatorCommand {
  private static final Path PASSWORD_FILE = Path.of("/secrets/postgres-password");
  private static final int PASSWORD_BYTES = 16;

  @Command(description = "Create the password of the database and the sandbox image, if missing")
  void prepare() {
    if (!DockerHost.answers(site())) {
      throw ExitCode.UNAVAILABLE.failure(
          "cannot reach Docker at /var/run/docker.sock: CHOWDER_DOCKER_SOCKET must be the socket of"
              + " this machine's Docker Engine");
    }
    if (Site.text(PASSWORD_FILE).isEmpty()) {
      var random = new byte[PASSWORD_BYTES];
      new SecureRandom().nextBytes(random);
      OwnerOnly.write(PASSWORD_FILE, HexFormat.of().formatHex(random));
    }
    invocation().output().line(new DockerHost(site()).image());
  }

  @Command(description = "Print the command of the node, with a NUL after each word")
  void server() {
    site().ensureState();
    var nodes = new Nodes(site(), 1, 1);
    NodeProcesses.requirePorts(nodes.variables(1));
    site().variables().setDefault("CHOWDER_SANDBOX_IMAGE", new DockerHost(site()).imageName());
    var cache = new AotCache(site()).ensure();
    var environment = invocation().environment().variables();
    var words = new ArrayList<String>();
    words.add("env");
    site()
        .variables()
        .all()
        .forEach(
            (name, value) -> {
              // The others, with all secrets, are in the environment already.
              if (!value.equals(environment.get(name))) words.add(name + "=" + value);
            });
    words.addAll(ServerCommand.of(site().layout(), site().variables(), cache));
    print(words);
  }

  @Command(description = "Print the configuration of Envoy, which contains a token")
  void envoy() {
    var envoy = new EnvoyServer(site(), new Nodes(site(), 1, 1));
    envoy.requirePorts();
    invocation().output().print(envoy.configuration());
  }

  @Command(
      name = "demo-model",
      description = "Print the command of the demo model, with a NUL after each word")
  void demoModel() {
    var model = new DemoModel(site());
    model.requirePort();
    print(model.command());
  }

  @Command(description = "Create the first organization and its key, and configure the demo model")
  void organization() {
    site().ensureState();
    var model = ModelChoice.of(site());
    if (model == ModelChoice.DEMO) new DemoModel(site()).markUsed();
    var operator = Operator.of(invocation());
    new FirstOrganization(site(), operator).ensure();
    // Envoy checks the health of nodes at intervals.
    var envoy = new EnvoyServer(site(), new Nodes(site(), 1, 1));
    if (!Poll.until(Background.startLimit(site().variables()), envoy::answers)) {
      throw ExitCode.UNAVAILABLE.failure("Envoy does not reach the server: see the logs of both");
    }
    try (var api = invocation().api()) {
      new ModelSettings(site(), model).ensure(operator, api);
    }
  }

  @Command(
      description =
          "Remove what Compose does not know: agents with their home volumes, and firewall rules")
  void purge() {
    if (site().text("cluster-id").isEmpty()) {
      throw ExitCode.NOT_FOUND.failure(
          "nothing to remove: the volume of this installation is empty");
    }
    site().ensureState();
    var purge = new Purge(site());
    purge.sandboxes();
    // The engine of the host may use the legacy tables, as the server detects.
    purge.firewall(true);
    say(
        "Removed the agents of this installation, with their home volumes, and its firewall"
            + " rules.");
  }

  private void print(List<String> words) {
    invocation().output().print(String.join("\0", words) + "\0");
  }
}
