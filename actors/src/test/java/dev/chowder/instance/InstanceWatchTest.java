package dev.chowder.instance;

import static org.assertj.core.api.Assertions.assertThat;

import dev.chowder.actor.TestActors;
import java.time.Duration;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.apache.pekko.actor.testkit.typed.javadsl.ActorTestKit;
import org.apache.pekko.actor.typed.ActorRef;
import org.apache.pekko.actor.typed.javadsl.Behaviors;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;

/** A watch subscribes again when its reply is lost, or when the replying actor stops. */
class InstanceWatchTest {
  private static final ActorTestKit KIT = ActorTestKit.create(TestActors.CONFIG);

  /** Longer than any test, so that no heartbeat occurs. */
  private static final Duration HEARTBEAT = Duration.ofHours(1);

  /** The default in reference.conf. */
  private static final Duration RESEND_INTERVAL = Duration.ofSeconds(1);

  private static final InstanceReply REPLY = new InstanceReply.Done();

  private final LinkedBlockingQueue<InstanceCommand> commands = new LinkedBlockingQueue<>();
  private final LinkedBlockingQueue<InstanceReply> replies = new LinkedBlockingQueue<>();

  @AfterAll
  static void end() {
    KIT.shutdownTestKit();
  }

  @Test
  void aWatchSubscribesUntilItGetsAReply() throws InterruptedException {
    watch(HEARTBEAT);
    next();
    next();
    next().replyTo().tell(REPLY);
    assertThat(replies.poll(20, TimeUnit.SECONDS)).isEqualTo(REPLY);
    commands.clear();
    assertThat(commands.poll(2, TimeUnit.SECONDS)).isNull();
  }

  @Test
  void aWatchSubscribesAgainWhenTheReplyingActorStops() throws InterruptedException {
    watch(HEARTBEAT);
    var first = actor();
    reply(next(), first);
    KIT.stop(first);
    var resubscription = next();
    var second = actor();
    reply(resubscription, second);
    KIT.stop(second);
    next();
  }

  @Test
  void aWatchIgnoresTheStopOfAPreviousActor() throws InterruptedException {
    watch(HEARTBEAT);
    var subscription = next();
    var previous = actor();
    var current = actor();
    subscription.watcher().tell(new InstanceActor(previous));
    reply(subscription, current);
    commands.clear();
    KIT.stop(previous);
    assertThat(commands.poll(500, TimeUnit.MILLISECONDS)).isNull();
    KIT.stop(current);
    next();
  }

  private void watch(Duration heartbeat) {
    KIT.spawn(InstanceWatch.create(commands::add, heartbeat, RESEND_INTERVAL, replies::add));
  }

  private static ActorRef<InstanceCommand> actor() {
    return KIT.spawn(Behaviors.<InstanceCommand>ignore());
  }

  private InstanceCommand.Watch next() throws InterruptedException {
    var next = commands.poll(20, TimeUnit.SECONDS);
    assertThat(next).isInstanceOf(InstanceCommand.Watch.class);
    return (InstanceCommand.Watch) next;
  }

  private void reply(InstanceCommand.Watch subscription, ActorRef<InstanceCommand> actor)
      throws InterruptedException {
    subscription.watcher().tell(new InstanceActor(actor));
    subscription.replyTo().tell(REPLY);
    assertThat(replies.poll(20, TimeUnit.SECONDS)).isEqualTo(REPLY);
  }
}
