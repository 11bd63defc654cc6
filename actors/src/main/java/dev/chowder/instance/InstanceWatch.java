package dev.chowder.instance;

import java.time.Duration;
import java.util.function.Consumer;
import org.apache.pekko.actor.typed.Behavior;
import org.apache.pekko.actor.typed.javadsl.Behaviors;

/**
 * Keeps a subscription to one instance alive: it asks again with each heartbeat, so that a
 * subscription that was lost with a restarted or moved instance comes back by itself, and the
 * answer is the heartbeat.
 */
final class InstanceWatch {
  private InstanceWatch() {}

  /** What the watching actor understands. */
  sealed interface Message {
    record Heard(InstanceReply reply) implements Message {}

    record Beat() implements Message {}

    record End() implements Message {}
  }

  static Behavior<Message> create(
      Consumer<InstanceCommand> instance, Duration heartbeat, Consumer<InstanceReply> listener) {
    return Behaviors.setup(
        context ->
            Behaviors.withTimers(
                timers -> {
                  var ears = context.messageAdapter(InstanceReply.class, Message.Heard::new);
                  var watch = new InstanceCommand.Watch(ears);
                  instance.accept(watch);
                  timers.startTimerWithFixedDelay(new Message.Beat(), heartbeat);
                  return Behaviors.receiveMessage(
                      message ->
                          switch (message) {
                            case Message.Heard(var reply) -> {
                              listener.accept(reply);
                              yield isLast(reply) ? Behaviors.stopped() : Behaviors.same();
                            }
                            case Message.Beat() -> {
                              instance.accept(watch);
                              yield Behaviors.same();
                            }
                            case Message.End() -> Behaviors.stopped();
                          });
                }));
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
