package dev.chowder.organization;

import java.time.Duration;
import java.util.concurrent.CompletionStage;
import java.util.function.Function;
import org.apache.pekko.actor.typed.ActorRef;
import org.apache.pekko.actor.typed.ActorSystem;
import org.apache.pekko.cluster.sharding.typed.javadsl.ClusterSharding;

/** The way to every organization, wherever its actor lives: alone knows sharding and time-outs. */
public final class Organizations {
  private final ClusterSharding sharding;
  private final Duration askTimeout;

  private Organizations(ClusterSharding sharding, Duration askTimeout) {
    this.sharding = sharding;
    this.askTimeout = askTimeout;
  }

  /** Starts the sharding of organizations on this node. */
  public static Organizations init(
      ActorSystem<?> system, OrganizationReadSide readSide, OrganizationSettings settings) {
    ClusterSharding sharding = ClusterSharding.get(system);
    OrganizationEntity.init(sharding, readSide, settings);
    return new Organizations(sharding, settings.askTimeout());
  }

  /**
   * Fails with a {@link java.util.concurrent.TimeoutException} when no answer comes in time: what
   * was asked may still have happened.
   */
  public CompletionStage<OrganizationReply> ask(
      String organizationId, Function<ActorRef<OrganizationReply>, OrganizationCommand> command) {
    return sharding
        .entityRefFor(OrganizationEntity.ENTITY_KEY, organizationId)
        .ask(command::apply, askTimeout);
  }
}
