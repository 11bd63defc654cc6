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
 * Keeps a subscription to one instance alive, wherever its actor lives: it asks until it is
 * answered, again as soon as that actor has ended, because it moved to another node or lost its
 * own, and with each heartbeat, whose answer is the watcher's heartbeat.
 */
final class InstanceWatch extends AbstractBehavior<InstanceWatch.Message> {
  /** What the watching actor understands. */
  sealed interface Message {
    record Heard(InstanceReply reply) implements Message {}

    record Found(InstanceActor home) implements Message {}

    record Lost(InstanceActor home) implements Message {}

    record Beat() implements Message {}

    record Unanswered() implements Message {}

    record End() implements Message {}
  }

  private final Consumer<InstanceCommand> instance;
  private final Consumer<InstanceReply> listener;
  private final TimerScheduler<Message> timers;
  private final Duration again;
  private final InstanceCommand.Watch watch;
  private @Nullable InstanceActor home;

  private InstanceWatch(
      ActorContext<Message> context,
      TimerScheduler<Message> timers,
      Consumer<InstanceCommand> instance,
      Duration heartbeat,
      Duration again,
      Consumer<InstanceReply> listener) {
    super(context);
    this.instance = instance;
    this.listener = listener;
    this.timers = timers;
    this.again = again;
    this.watch =
        new InstanceCommand.Watch(
            context.messageAdapter(InstanceReply.class, Message.Heard::new),
            context.messageAdapter(InstanceActor.class, Message.Found::new));
    timers.startTimerWithFixedDelay(new Message.Beat(), heartbeat);
    ask();
  }

  /**
   * The actor that watches.
   *
   * @param heartbeat how often it asks when nothing changes
   * @param again how long an answer is waited for before it asks again
   */
  static Behavior<Message> create(
      Consumer<InstanceCommand> instance,
      Duration heartbeat,
      Duration again,
      Consumer<InstanceReply> listener) {
    return Behaviors.setup(
        context ->
            Behaviors.withTimers(
                timers ->
                    new InstanceWatch(context, timers, instance, heartbeat, again, listener)));
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
      case Message.Heard(var reply) -> {
        timers.cancel(new Message.Unanswered());
        listener.accept(reply);
        yield isLast(reply) ? Behaviors.stopped() : this;
      }
      case Message.Lost(var lost) -> {
        if (lost.equals(home)) {
          home = null;
          ask();
        }
        yield this;
      }
      case Message.Beat(), Message.Unanswered() -> {
        ask();
        yield this;
      }
      case Message.End() -> Behaviors.stopped();
    };
  }

  private void ask() {
    instance.accept(watch);
    timers.startSingleTimer(new Message.Unanswered(), again);
  }

  private void follow(InstanceActor found) {
    if (found.equals(home)) return;
    if (home != null) getContext().unwatch(home.actor());
    home = found;
    getContext().watchWith(found.actor(), new Message.Lost(found));
  }

  /** After this reply nothing more can come. */
  private static boolean isLast(InstanceReply reply) {
    return switch (reply) {
      case InstanceReply.Refused _ -> true;
      case InstanceReply.Accepted(var view) -> !view.slotHeld() && view.isTerminated();
      case InstanceReply.Done() -> false;
    };
  }
}
