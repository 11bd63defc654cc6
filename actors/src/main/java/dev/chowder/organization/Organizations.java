package dev.chowder.organization;

import dev.chowder.actor.RetryingAsk;
import dev.chowder.base.Failpoints;
import java.util.concurrent.CompletionStage;
import java.util.function.Function;
import org.apache.pekko.actor.typed.ActorRef;
import org.apache.pekko.actor.typed.ActorSystem;
import org.apache.pekko.cluster.sharding.typed.javadsl.ClusterSharding;

/** Sends commands to organizations on any node. Hides sharding and timeouts. */
public final class Organizations {
  private final ClusterSharding sharding;
  private final RetryingAsk client;

  private Organizations(ClusterSharding sharding, RetryingAsk client) {
    this.sharding = sharding;
    this.client = client;
  }

  /** Starts the sharding of organizations on this node. */
  public static Organizations init(
      ActorSystem<?> system,
      OrganizationReadSide readSide,
      OrganizationSettings settings,
      Failpoints failpoints) {
    ClusterSharding sharding = ClusterSharding.get(system);
    OrganizationEntity.init(system, readSide, settings, failpoints);
    return new Organizations(
        sharding, new RetryingAsk(system, settings.askTimeout(), settings.resendInterval()));
  }

  /** Makes the organization write its row again. Returns whether it has one to write. */
  public CompletionStage<Boolean> storeView(String organizationId) {
    return ask(organizationId, OrganizationCommand.RefreshRow::new)
        .thenApply(OrganizationReply.Accepted.class::isInstance);
  }

  /**
   * Sends a command until a reply arrives, so that an organization that moves to another node
   * delays a call but does not fail it. Fails with a {@link java.util.concurrent.TimeoutException}
   * if no reply arrives in time; the command may still have been executed.
   */
  public CompletionStage<OrganizationReply> ask(
      String organizationId, Function<ActorRef<OrganizationReply>, OrganizationCommand> command) {
    return client.ask(
        sharding.entityRefFor(OrganizationEntity.ENTITY_KEY, organizationId), command);
  }
}
