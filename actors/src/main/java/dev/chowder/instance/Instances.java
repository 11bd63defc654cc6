package dev.chowder.instance;

import dev.chowder.actor.RetryingAsk;
import dev.chowder.base.Failpoints;
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

/** Sends commands to instances on any node. The only class that knows sharding and timeouts. */
public final class Instances {
  private final ActorSystem<?> system;
  private final ClusterSharding sharding;
  private final InstanceSettings settings;
  private final RetryingAsk client;

  private Instances(ActorSystem<?> system, ClusterSharding sharding, InstanceSettings settings) {
    this.system = system;
    this.sharding = sharding;
    this.settings = settings;
    this.client = new RetryingAsk(system, settings.askTimeout(), settings.resendInterval());
  }

  /**
   * Creates a client. Effects send commands to instances, too, so the client exists before {@link
   * #host} and rejects commands until then.
   */
  public static Instances of(ActorSystem<?> system, InstanceSettings settings) {
    return new Instances(system, ClusterSharding.get(system), settings);
  }

  /** Starts the sharding of instances on this node. */
  public void host(
      InstanceEffects effects,
      InstanceReadSide readSide,
      Failpoints failpoints,
      TransitionLog transitions) {
    InstanceEntity.init(system, effects, readSide, settings, failpoints, transitions);
  }

  /**
   * Sends a command and returns the reply. Fails with a {@link TimeoutException} if no reply
   * arrives in time, although the instance may have applied the command. Until then, the command is
   * resent, so that an instance that moves to another node delays the call and does not fail it.
   */
  public CompletionStage<InstanceReply> ask(
      InstanceId id, Function<ActorRef<InstanceReply>, InstanceCommand> command) {
    return client.ask(entity(id), command);
  }

  /** Sends a report without waiting for its delivery. */
  public void tell(InstanceId id, InstanceCommand.Report report) {
    entity(id).tell(report);
  }

  /** Makes the instance store its view again. Returns whether the instance has a view. */
  public CompletionStage<Boolean> storeView(String id) {
    return ask(new InstanceId(id), InstanceCommand.RefreshRow::new)
        .thenApply(InstanceReply.Accepted.class::isInstance);
  }

  /**
   * Starts the instance's actor without waiting for it, so that a later command finds it recovered.
   */
  public void activate(InstanceId id) {
    entity(id).tell(new InstanceCommand.Get(system.ignoreRef()));
  }

  /**
   * Sends the current view, each change, and a heartbeat with the current view to {@code listener},
   * one at a time on an actor's thread, so it must not block. Ends when the watch is closed, or
   * after {@link InstanceReply.Refused} or the last view of a deleted instance.
   */
  public Watching watch(InstanceId id, Consumer<InstanceReply> listener) {
    var actor =
        system.systemActorOf(
            InstanceWatch.create(
                entity(id)::tell,
                settings.heartbeatInterval(),
                settings.watchResendInterval(),
                listener),
            "watch-" + java.util.UUID.randomUUID(),
            Props.empty());
    return () -> actor.tell(new InstanceWatch.Message.End());
  }

  /**
   * Returns the first view for which {@code holds} is true, or {@code otherwise} if none arrives
   * within {@code limit}. If the limit on watchers is reached, the call polls the instance instead
   * of failing.
   */
  public CompletionStage<InstanceReply> await(
      InstanceId id, Predicate<InstanceView> holds, InstanceReply otherwise, Duration limit) {
    var first = new CompletableFuture<InstanceReply>();
    Consumer<InstanceReply> check =
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
              if (isFull(reply)) pollOccasionally(id, check, first);
              else check.accept(reply);
            });
    return first
        .completeOnTimeout(otherwise, limit.toMillis(), TimeUnit.MILLISECONDS)
        .whenComplete((_, _) -> watching.close());
  }

  private static boolean isFull(InstanceReply reply) {
    return reply instanceof InstanceReply.Refused(InstanceRejection.TooManyWatchers _);
  }

  private void pollOccasionally(
      InstanceId id, Consumer<InstanceReply> check, CompletableFuture<InstanceReply> until) {
    if (until.isDone()) return;
    var _ =
        ask(id, InstanceCommand.Get::new)
            .whenComplete(
                (reply, late) -> {
                  if (late == null) check.accept(reply);
                  CompletableFuture.delayedExecutor(
                          settings.watchResendInterval().toMillis(), TimeUnit.MILLISECONDS)
                      .execute(() -> pollOccasionally(id, check, until));
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
