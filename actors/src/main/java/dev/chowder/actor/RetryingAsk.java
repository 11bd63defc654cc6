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
 * Asks an entity, and says the same again while no answer comes: a message on its way to an entity
 * that moves to another node can be lost, and so can an answer. So every command must bear being
 * said twice. Knows nothing of what is asked.
 */
public final class RetryingAsk {
  private static final Logger LOG = LoggerFactory.getLogger(RetryingAsk.class);

  private final ActorSystem<?> system;
  private final Duration timeout;
  private final Duration again;

  /**
   * Makes one.
   *
   * @param timeout for the answer, whatever was lost meanwhile
   * @param again how long an answer is waited for before the command is said again
   */
  public RetryingAsk(ActorSystem<?> system, Duration timeout, Duration again) {
    this.system = system;
    this.timeout = timeout;
    this.again = again;
  }

  /**
   * Fails with a {@link java.util.concurrent.TimeoutException} when no answer comes in time: what
   * was asked may still have happened, or may yet.
   */
  public <C, R> CompletionStage<R> ask(EntityRef<C> entity, Function<ActorRef<R>, C> command) {
    var said = new CompletableFuture<C>();
    CompletionStage<R> answer =
        entity.ask(
            replyTo -> {
              var first = command.apply(replyTo);
              said.complete(first);
              return first;
            },
            timeout);
    var repeating =
        system
            .scheduler()
            .scheduleAtFixedRate(
                again,
                again,
                () -> {
                  var _ =
                      said.thenAccept(
                          first -> {
                            // Seldom without a node that left; often, something is slow or lost.
                            LOG.info(
                                "entity={} command={} said again: no answer within {} ms",
                                entity.getEntityId(),
                                first.getClass().getSimpleName(),
                                again.toMillis());
                            entity.tell(first);
                          });
                },
                system.executionContext());
    return answer.whenComplete((_, _) -> repeating.cancel());
  }
}
