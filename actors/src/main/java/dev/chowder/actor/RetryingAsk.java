package dev.chowder.actor;

import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.function.Function;
import org.apache.pekko.actor.typed.ActorRef;
import org.apache.pekko.actor.typed.ActorSystem;
import org.apache.pekko.cluster.sharding.typed.javadsl.EntityRef;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Sends a command to an entity and resends it until the reply arrives. Messages to an entity can be
 * lost while it moves to another node, and so can replies. Therefore every command must be
 * idempotent. Does not know any command.
 *
 * @param timeout maximum time until the reply, with all resends
 * @param resendInterval time without a reply after which the command is sent again
 */
public record RetryingAsk(ActorSystem<?> system, Duration timeout, Duration resendInterval) {
  private static final Logger LOG = LoggerFactory.getLogger(RetryingAsk.class);

  /**
   * Sends a command and returns the reply. Fails with a {@link
   * java.util.concurrent.TimeoutException} if no reply arrives in time. The entity may still have
   * applied the command, or may apply it later.
   */
  public <C, R> CompletionStage<R> ask(EntityRef<C> entity, Function<ActorRef<R>, C> command) {
    var sent = new CompletableFuture<C>();
    CompletionStage<R> reply =
        entity.ask(
            replyTo -> {
              var first = command.apply(replyTo);
              sent.complete(first);
              return first;
            },
            timeout);
    var resending =
        system
            .scheduler()
            .scheduleAtFixedRate(
                resendInterval,
                resendInterval,
                () -> {
                  var _ =
                      sent.thenAccept(
                          first -> {
                            // Rare unless a node left. If frequent, messages are slow or lost.
                            LOG.info(
                                "entity={} command={} resent: no reply within {} ms",
                                entity.getEntityId(),
                                first.getClass().getSimpleName(),
                                resendInterval.toMillis());
                            entity.tell(first);
                          });
                },
                system.executionContext());
    return reply.whenComplete((_, _) -> resending.cancel());
  }
}
