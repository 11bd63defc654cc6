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

/** A watch asks again for itself when its answer, or the actor that answered, is lost. */
class InstanceWatchTest {
  private static final ActorTestKit KIT = ActorTestKit.create(TestActors.CONFIG);

  /** So long that none comes while a test runs. */
  private static final Duration HEARTBEAT = Duration.ofHours(1);

  /** As reference.conf has it. */
  private static final Duration AGAIN = Duration.ofSeconds(1);

  private static final InstanceReply NEWS = new InstanceReply.Done();

  private final LinkedBlockingQueue<InstanceCommand> asked = new LinkedBlockingQueue<>();
  private final LinkedBlockingQueue<InstanceReply> heard = new LinkedBlockingQueue<>();

  @AfterAll
  static void end() {
    KIT.shutdownTestKit();
  }

  @Test
  void itAsksUntilItIsAnsweredAndThenNoMore() throws InterruptedException {
    watch(HEARTBEAT);
    next();
    next();
    next().replyTo().tell(NEWS);
    assertThat(heard.poll(20, TimeUnit.SECONDS)).isEqualTo(NEWS);
    asked.clear();
    assertThat(asked.poll(2, TimeUnit.SECONDS)).isNull();
  }

  @Test
  void itAsksAgainAsSoonAsTheActorThatAnsweredHasEnded() throws InterruptedException {
    watch(HEARTBEAT);
    var home = home();
    answer(next(), home);
    KIT.stop(home);
    var again = next();
    var nextHome = home();
    answer(again, nextHome);
    KIT.stop(nextHome);
    next();
  }

  @Test
  void theEndOfAnActorThatIsNoLongerItsHomeIsNothing() throws InterruptedException {
    watch(HEARTBEAT);
    var question = next();
    var former = home();
    var home = home();
    question.watcher().tell(new InstanceActor(former));
    answer(question, home);
    asked.clear();
    KIT.stop(former);
    assertThat(asked.poll(500, TimeUnit.MILLISECONDS)).isNull();
    KIT.stop(home);
    next();
  }

  private void watch(Duration heartbeat) {
    KIT.spawn(InstanceWatch.create(asked::add, heartbeat, AGAIN, heard::add));
  }

  private static ActorRef<InstanceCommand> home() {
    return KIT.spawn(Behaviors.<InstanceCommand>ignore());
  }

  private InstanceCommand.Watch next() throws InterruptedException {
    var next = asked.poll(20, TimeUnit.SECONDS);
    assertThat(next).isInstanceOf(InstanceCommand.Watch.class);
    return (InstanceCommand.Watch) next;
  }

  private void answer(InstanceCommand.Watch question, ActorRef<InstanceCommand> home)
      throws InterruptedException {
    question.watcher().tell(new InstanceActor(home));
    question.replyTo().tell(NEWS);
    assertThat(heard.poll(20, TimeUnit.SECONDS)).isEqualTo(NEWS);
  }
}
