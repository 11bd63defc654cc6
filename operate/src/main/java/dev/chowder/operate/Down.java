package dev.chowder.operate;

import dev.chowder.cli.failure.ClientFailure;
import dev.chowder.cli.failure.CommandException;
import dev.chowder.cli.failure.ExitCode;
import dev.chowder.client.Api;
import dev.chowder.client.failure.ClientException;
import dev.chowder.operate.agent.Agents;
import dev.chowder.operate.boot.Boot;
import dev.chowder.operate.database.PrivateDatabase;
import dev.chowder.operate.docker.DockerHost;
import dev.chowder.operate.edge.EnvoyServer;
import dev.chowder.operate.model.DemoModel;
import dev.chowder.operate.node.NodeProcesses;
import dev.chowder.operate.organization.FirstOrganization;
import dev.chowder.operate.purge.Purge;
import dev.chowder.operate.site.Site;
import dev.chowder.operate.state.UpLock;
import dev.chowder.operate.swap.Swap;

/** Stops an installation, and removes it if the user wants that. */
final class Down {
  private final Site site;

  Down(Site site) {
    this.site = site;
  }

  /** Stops everything and keeps the data. */
  void stop() {
    if (!isInstallation()) return;
    try (var _ = UpLock.take(site.home())) {
      if (NodeProcesses.process(site, 1).isRunning() && EnvoyServer.process(site).isRunning()) {
        stopAgents();
      }
      stopProcesses();
      var docker = new DockerHost(site);
      if (docker.isUsed() && DockerHost.answers(site)) docker.stopLeftOver();
      site.say(
          "Stopped. The data is kept in %s. To start again, run %s."
              .formatted(site.home(), site.command("up")));
    }
  }

  private boolean isInstallation() {
    if (site.text("cluster-id").isEmpty()) {
      site.say("Nothing to stop: %s is not an installation.".formatted(site.home()));
      return false;
    }
    site.ensureState();
    return true;
  }

  /** A failure leaves the agents to Docker. */
  private void stopAgents() {
    if (site.text(FirstOrganization.KEY_FILE).isEmpty()) return;
    try (var api = new Api(Up.context(site), ClientFailure.notices(site::say))) {
      new Agents(site, api).sleep();
    } catch (CommandException | ClientException unusable) {
      site.say("chowder: cannot stop the agents in order: %s.".formatted(unusable.getMessage()));
    }
  }

  private void stopProcesses() {
    EnvoyServer.process(site).stop();
    NodeProcesses.stop(site);
    new PrivateDatabase(site).stop();
    new DemoModel(site).stop();
    new Boot(site).remove();
  }

  /**
   * Stops everything, and removes the data, and everything else that Chowder created.
   *
   * @param keepCache whether images and downloaded programs stay
   */
  void purge(boolean keepCache) {
    if (!isInstallation()) return;
    try (var _ = UpLock.take(site.home())) {
      stopProcesses();
      boolean isOnDocker = new DockerHost(site).isUsed();
      if (isOnDocker && !DockerHost.answers(site)) {
        throw ExitCode.UNAVAILABLE.failure(
            "cannot remove containers, volumes and images: Docker does not respond; start Docker"
                + " and run this again");
      }
      var purge = new Purge(site);
      if (isOnDocker) purge.sandboxes();
      new Swap(site).purge();
      purge.firewall(false);
      new PrivateDatabase(site).purge();
      if (!keepCache) {
        if (isOnDocker) purge.images();
        purge.caches();
      }
      purge.folder();
    }
    site.variables()
        .find("CHOWDER_STORAGE_URL")
        .filter(url -> url.startsWith("jdbc:postgresql:"))
        .ifPresent(
            url ->
                site.say(
                    "The database %s was not removed. Its master key was, so the secrets in it are unreadable: drop the database."
                        .formatted(url)));
    site.say(
        "Removed everything that Chowder created here. Docker Engine, the JDK and other installed"
            + " packages remain.");
  }
}
