package dev.chowder.cluster;

import com.typesafe.config.Config;
import dev.chowder.startup.Startup;
import dev.chowder.startup.StartupStep;
import dev.chowder.storage.StorageSettings;
import org.apache.pekko.actor.typed.ActorSystem;
import org.apache.pekko.actor.typed.javadsl.Behaviors;

/** Starts the actors of this node and joins the cluster of its database. */
public record ClusterStep(Settings settings) implements StartupStep<ClusterNode> {
  /**
   * Settings of this step.
   *
   * @param pekko configuration of the actor system
   */
  public record Settings(
      ClusterSettings cluster,
      StorageSettings storage,
      MembershipSettings membership,
      Config pekko) {
    public static Settings of(Config root) {
      var cluster = ClusterSettings.of(root);
      return new Settings(
          cluster, StorageSettings.from(root), MembershipSettings.of(root), cluster.pekko(root));
    }

    private ActorSystem<Void> createSystem() {
      return ActorSystem.create(Behaviors.<Void>empty(), "chowder", pekko);
    }
  }

  @Override
  public ClusterNode start(Startup startup) {
    // Closed after the actors: other nodes may take over only after this node's work has ended.
    var membership =
        startup.add("membership", Membership.open(settings.storage(), settings.membership()));
    return startup.add(
        "actors", ClusterNode.join(settings.createSystem(), settings.cluster(), membership));
  }
}
