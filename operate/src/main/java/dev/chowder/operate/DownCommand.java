package dev.chowder.operate;

import dev.chowder.cli.failure.ClientFailure;
import dev.chowder.cli.failure.CommandException;
import dev.chowder.cli.failure.ExitCode;
import dev.chowder.client.failure.ClientException;
import dev.chowder.operate.agent.Agents;
import dev.chowder.operate.boot.Boot;
import dev.chowder.operate.command.OperatorCommand;
import dev.chowder.operate.database.PrivateDatabase;
import dev.chowder.operate.docker.DockerHost;
import dev.chowder.operate.edge.EnvoyServer;
import dev.chowder.operate.model.DemoModel;
import dev.chowder.operate.node.NodeProcesses;
import dev.chowder.operate.organization.FirstOrganization;
import dev.chowder.operate.purge.Purge;
import dev.chowder.operate.state.UpLock;
import dev.chowder.operate.swap.Swap;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** The command {@code down}. */
@Command(
    name = "down",
    description = {
      "Stop everything that \"chowder up\" started. Agents stop and keep their data; the next"
          + " \"chowder up\" starts them again.",
      "",
      "Docker Engine, the JDK and other installed packages stay."
    })
final class DownCommand extends OperatorCommand implements Runnable {
  @Option(
      names = "--purge",
      description =
          "also remove everything that Chowder created: agents, data, keys, images and caches")
  private boolean purge;

  @Option(
      names = "--keep-cache",
      description = "with --purge: keep the caches, so that the next start is fast")
  private boolean keepCache;

  @Override
  public void run() {
    if (keepCache && !purge) {
      throw ExitCode.USAGE.failure(
          "--keep-cache requires --purge: add --purge, or leave out --keep-cache");
    }
    if (!isInstallation()) return;
    if (purge) {
      removeAll();
    } else {
      stop();
    }
  }

  /** Stops everything and keeps the data. */
  private void stop() {
    try (var _ = UpLock.take(site().home())) {
      if (NodeProcesses.process(site(), 1).isRunning() && EnvoyServer.process(site()).isRunning()) {
        stopAgents();
      }
      stopProcesses();
      var docker = new DockerHost(site());
      if (docker.isUsed() && DockerHost.answers(site())) docker.stopLeftOver();
      say(
          "Stopped. The data is kept in %s. To start again, run %s."
              .formatted(site().home(), site().command("up")));
    }
  }

  private boolean isInstallation() {
    if (site().text("cluster-id").isEmpty()) {
      say("Nothing to stop: %s is not an installation.".formatted(site().home()));
      return false;
    }
    site().ensureState();
    return true;
  }

  /** A failure leaves the agents to Docker. */
  private void stopAgents() {
    if (site().text(FirstOrganization.KEY_FILE).isEmpty()) return;
    try (var api = invocation().api()) {
      new Agents(site(), api).sleep();
    } catch (CommandException | ClientException unusable) {
      say(
          "chowder: cannot stop the agents in order: %s."
              .formatted(ClientFailure.message(unusable)));
    }
  }

  private void stopProcesses() {
    EnvoyServer.process(site()).stop();
    NodeProcesses.stop(site());
    new PrivateDatabase(site()).stop();
    new DemoModel(site()).stop();
    new Boot(site()).remove();
  }

  /** Removes what all installations of the host use. */
  private void removeShared(Purge removal, boolean isOnDocker) {
    if (isOnDocker && !removal.isLast()) {
      say(
          "Kept the sandbox images and the caches, because another installation on this machine"
              + " needs them. The purge of the last one removes them.");
      return;
    }
    if (isOnDocker) removal.images();
    removal.caches();
  }

  /** Stops everything, and removes the data, and everything else that Chowder created. */
  private void removeAll() {
    try (var _ = UpLock.take(site().home())) {
      stopProcesses();
      boolean isOnDocker = new DockerHost(site()).isUsed();
      if (isOnDocker && !DockerHost.answers(site())) {
        throw ExitCode.UNAVAILABLE.failure(
            "cannot remove containers, volumes and images: Docker does not respond; start Docker"
                + " and run this again");
      }
      var removal = new Purge(site());
      if (isOnDocker) removal.sandboxes();
      new Swap(site()).purge();
      removal.firewall(false);
      new PrivateDatabase(site()).purge();
      if (!keepCache) removeShared(removal, isOnDocker);
      removal.folder();
    }
    site()
        .variables()
        .find("CHOWDER_STORAGE_URL")
        .filter(url -> url.startsWith("jdbc:postgresql:"))
        .ifPresent(
            url ->
                say(
                    "The database %s was not removed. Its master key was, so the secrets in it are unreadable: drop the database."
                        .formatted(url)));
    say(
        "Removed everything that Chowder created here. Docker Engine, the JDK and other installed"
            + " packages remain.");
  }
}
