package dev.chowder.organization;

import dev.chowder.actor.RetryingAsk;
import java.util.concurrent.CompletionStage;
import java.util.function.Function;
import org.apache.pekko.actor.typed.ActorRef;
import org.apache.pekko.actor.typed.ActorSystem;
import org.apache.pekko.cluster.sharding.typed.javadsl.ClusterSharding;

/** The way to every organization, wherever its actor lives: alone knows sharding and time-outs. */
public final class Organizations {
  private final ClusterSharding sharding;
  private final RetryingAsk client;

  private Organizations(ClusterSharding sharding, RetryingAsk client) {
    this.sharding = sharding;
    this.client = client;
  }

  /** Starts the sharding of organizations on this node. */
  public static Organizations init(
      ActorSystem<?> system, OrganizationReadSide readSide, OrganizationSettings settings) {
    ClusterSharding sharding = ClusterSharding.get(system);
    OrganizationEntity.init(system, readSide, settings);
    return new Organizations(
        sharding, new RetryingAsk(system, settings.askTimeout(), settings.askAgain()));
  }

  /** Has the organization write its row, whatever is there; whether it has one to write. */
  public CompletionStage<Boolean> storeView(String organizationId) {
    return ask(organizationId, OrganizationCommand.RefreshRow::new)
        .thenApply(OrganizationReply.Accepted.class::isInstance);
  }

  /**
   * Fails with a {@link java.util.concurrent.TimeoutException} when no answer comes in time: what
   * was asked may still have happened. Until then it is asked again, so that an organization that
   * moves to another node costs time and no call.
   */
  public CompletionStage<OrganizationReply> ask(
      String organizationId, Function<ActorRef<OrganizationReply>, OrganizationCommand> command) {
    return client.ask(
        sharding.entityRefFor(OrganizationEntity.ENTITY_KEY, organizationId), command);
  }
}
