package dev.chowder.instance;

import dev.chowder.actor.RetryingAsk;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.function.Predicate;
import org.apache.pekko.actor.typed.ActorRef;
import org.apache.pekko.actor.typed.ActorSystem;
import org.apache.pekko.actor.typed.Props;
import org.apache.pekko.cluster.sharding.typed.javadsl.ClusterSharding;
import org.apache.pekko.cluster.sharding.typed.javadsl.EntityRef;

/** The way to every instance, wherever its actor lives: alone knows sharding and time-outs. */
public final class Instances {
  private final ActorSystem<?> system;
  private final ClusterSharding sharding;
  private final InstanceSettings settings;
  private final RetryingAsk client;

  private Instances(ActorSystem<?> system, ClusterSharding sharding, InstanceSettings settings) {
    this.system = system;
    this.sharding = sharding;
    this.settings = settings;
    this.client = new RetryingAsk(system, settings.askTimeout(), settings.askAgain());
  }

  /** Starts the sharding of instances on this node. */
  public static Instances init(
      ActorSystem<?> system,
      InstanceEffects effects,
      InstanceReadSide readSide,
      InstanceSettings settings) {
    var sharding = ClusterSharding.get(system);
    InstanceEntity.init(system, effects, readSide, settings);
    return new Instances(system, sharding, settings);
  }

  /**
   * Fails with a {@link TimeoutException} when no answer comes in time: what was asked may still
   * have happened. Until then it is asked again, so that an instance that moves to another node
   * costs time and no call.
   */
  public CompletionStage<InstanceReply> ask(
      InstanceId id, Function<ActorRef<InstanceReply>, InstanceCommand> command) {
    return client.ask(entity(id), command);
  }

  public void tell(InstanceId id, InstanceCommand.Report report) {
    entity(id).tell(report);
  }

  /** Has the instance write its row, whatever is there; whether it has one to write. */
  public CompletionStage<Boolean> storeView(String id) {
    return ask(new InstanceId(id), InstanceCommand.RefreshRow::new)
        .thenApply(InstanceReply.Accepted.class::isInstance);
  }

  /**
   * Brings the instance's actor up without waiting for it, for somebody who will soon have
   * something to say to it.
   */
  public void activate(InstanceId id) {
    entity(id).tell(new InstanceCommand.Get(system.ignoreRef()));
  }

  /**
   * Tells {@code listener} the state now, each change, and the state again as a heartbeat, one
   * after another on an actor's thread, until closed or after {@link InstanceReply.Refused} or a
   * terminated view, which are the last.
   */
  public Watching watch(InstanceId id, Consumer<InstanceReply> listener) {
    var actor =
        system.systemActorOf(
            InstanceWatch.create(
                entity(id)::tell, settings.heartbeat(), settings.watchAgain(), listener),
            "watch-" + java.util.UUID.randomUUID(),
            Props.empty());
    return () -> actor.tell(new InstanceWatch.Message.End());
  }

  /**
   * The first view of which {@code holds} is true, or {@code otherwise} when none comes within
   * {@code limit}. Whoever waits for an answer is refused by no bound on watchers: where no more
   * may watch, it looks now and then.
   */
  public CompletionStage<InstanceReply> await(
      InstanceId id, Predicate<InstanceView> holds, InstanceReply otherwise, Duration limit) {
    var first = new CompletableFuture<InstanceReply>();
    Consumer<InstanceReply> look =
        reply -> {
          boolean ends =
              switch (reply) {
                case InstanceReply.Accepted(var view) -> holds.test(view);
                case InstanceReply.Refused _, InstanceReply.Done() -> true;
              };
          if (ends) first.complete(reply);
        };
    var watching =
        watch(
            id,
            reply -> {
              if (isFull(reply)) pollOccasionally(id, look, first);
              else look.accept(reply);
            });
    return first
        .completeOnTimeout(otherwise, limit.toMillis(), TimeUnit.MILLISECONDS)
        .whenComplete((_, _) -> watching.close());
  }

  private static boolean isFull(InstanceReply reply) {
    return reply instanceof InstanceReply.Refused(InstanceRejection.TooManyWatchers _);
  }

  private void pollOccasionally(
      InstanceId id, Consumer<InstanceReply> look, CompletableFuture<InstanceReply> until) {
    if (until.isDone()) return;
    var _ =
        ask(id, InstanceCommand.Get::new)
            .whenComplete(
                (reply, late) -> {
                  if (late == null) look.accept(reply);
                  CompletableFuture.delayedExecutor(
                          settings.watchAgain().toMillis(), TimeUnit.MILLISECONDS)
                      .execute(() -> pollOccasionally(id, look, until));
                });
  }

  private EntityRef<InstanceCommand> entity(InstanceId id) {
    return sharding.entityRefFor(InstanceEntity.ENTITY_KEY, id.value());
  }

  /** A running watch. */
  @FunctionalInterface
  public interface Watching extends AutoCloseable {
    @Override
    void close();
  }
}
