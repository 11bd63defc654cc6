package dev.chowder.instance;

import java.time.Duration;
import java.util.function.Consumer;
import org.apache.pekko.actor.typed.Behavior;
import org.apache.pekko.actor.typed.javadsl.AbstractBehavior;
import org.apache.pekko.actor.typed.javadsl.ActorContext;
import org.apache.pekko.actor.typed.javadsl.Behaviors;
import org.apache.pekko.actor.typed.javadsl.Receive;
import org.apache.pekko.actor.typed.javadsl.TimerScheduler;
import org.jspecify.annotations.Nullable;

/**
 * Keeps a subscription to one instance alive on whichever node its actor runs. Subscribes until a
 * reply arrives. Subscribes again when that actor stops, for example because it moved to another
 * node, and at each heartbeat. The reply to a heartbeat is also the watcher's heartbeat.
 */
final class InstanceWatch extends AbstractBehavior<InstanceWatch.Message> {
  /** The messages of the watching actor. */
  sealed interface Message {
    record Replied(InstanceReply reply) implements Message {}

    record Found(InstanceActor actor) implements Message {}

    record Lost(InstanceActor actor) implements Message {}

    record Beat() implements Message {}

    record Unanswered() implements Message {}

    record End() implements Message {}
  }

  private final Consumer<InstanceCommand> instance;
  private final Consumer<InstanceReply> listener;
  private final TimerScheduler<Message> timers;
  private final Duration resendInterval;
  private final InstanceCommand.Watch watch;
  private @Nullable InstanceActor current;

  private InstanceWatch(
      ActorContext<Message> context,
      TimerScheduler<Message> timers,
      Consumer<InstanceCommand> instance,
      Duration heartbeat,
      Duration resendInterval,
      Consumer<InstanceReply> listener) {
    super(context);
    this.instance = instance;
    this.listener = listener;
    this.timers = timers;
    this.resendInterval = resendInterval;
    this.watch =
        new InstanceCommand.Watch(
            context.messageAdapter(InstanceReply.class, Message.Replied::new),
            context.messageAdapter(InstanceActor.class, Message.Found::new));
    timers.startTimerWithFixedDelay(new Message.Beat(), heartbeat);
    subscribe();
  }

  /**
   * Creates the watching actor.
   *
   * @param instance sends a command to the instance
   * @param heartbeat interval at which it subscribes again
   * @param resendInterval time without a reply after which it subscribes again
   * @param listener receives each reply on this actor's thread, so it must not block
   */
  static Behavior<Message> create(
      Consumer<InstanceCommand> instance,
      Duration heartbeat,
      Duration resendInterval,
      Consumer<InstanceReply> listener) {
    return Behaviors.setup(
        context ->
            Behaviors.withTimers(
                timers ->
                    new InstanceWatch(
                        context, timers, instance, heartbeat, resendInterval, listener)));
  }

  @Override
  public Receive<Message> createReceive() {
    return newReceiveBuilder().onMessage(Message.class, this::on).build();
  }

  private Behavior<Message> on(Message message) {
    return switch (message) {
      case Message.Found(var found) -> {
        follow(found);
        yield this;
      }
      case Message.Replied(var reply) -> {
        timers.cancel(new Message.Unanswered());
        listener.accept(reply);
        yield isLast(reply) ? Behaviors.stopped() : this;
      }
      case Message.Lost(var lost) -> {
        if (lost.equals(current)) {
          current = null;
          subscribe();
        }
        yield this;
      }
      case Message.Beat(), Message.Unanswered() -> {
        subscribe();
        yield this;
      }
      case Message.End() -> Behaviors.stopped();
    };
  }

  private void subscribe() {
    instance.accept(watch);
    timers.startSingleTimer(new Message.Unanswered(), resendInterval);
  }

  private void follow(InstanceActor found) {
    if (found.equals(current)) return;
    if (current != null) getContext().unwatch(current.actor());
    current = found;
    getContext().watchWith(found.actor(), new Message.Lost(found));
  }

  /** Returns whether no other reply can follow this one. */
  private static boolean isLast(InstanceReply reply) {
    return switch (reply) {
      case InstanceReply.Refused _ -> true;
      case InstanceReply.Accepted(var view) ->
          !view.slotHeld()
              && view.isTerminated()
              && (view.member().isEmpty() || !view.effectPending());
      case InstanceReply.Done() -> false;
    };
  }
}
