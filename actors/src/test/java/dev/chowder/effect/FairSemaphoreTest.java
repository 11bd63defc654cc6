package dev.chowder.effect;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

class FairSemaphoreTest {
  private final FairSemaphore places = new FairSemaphore(1);
  private final BlockingQueue<String> came = new LinkedBlockingQueue<>();

  private Thread ask(String group, String name) {
    int before = places.waiting();
    var asking =
        Thread.ofVirtual()
            .start(
                () -> {
                  try {
                    places.acquire(group);
                    came.add(name);
                  } catch (InterruptedException e) {
                    came.add(name + " gave up");
                  }
                });
    awaitWaiting(before + 1);
    return asking;
  }

  private void awaitWaiting(int wanted) {
    long limit = System.nanoTime() + Duration.ofSeconds(20).toNanos();
    while (places.waiting() != wanted) {
      assertThat(System.nanoTime()).as("waiting: " + places.waiting()).isLessThan(limit);
      Thread.onSpinWait();
    }
  }

  private String next() throws InterruptedException {
    places.release();
    return String.valueOf(came.poll(20, TimeUnit.SECONDS));
  }

  @Test
  void aGroupThatAsksForOneWaitsForOneOfAGroupThatAsksForMany() throws InterruptedException {
    places.acquire("flood");
    for (int n = 1; n <= 4; n++) ask("flood", "flood " + n);
    ask("quiet", "quiet 1");
    ask("quiet", "quiet 2");
    List<String> order = new ArrayList<>();
    for (int n = 0; n < 6; n++) order.add(next());
    assertThat(order)
        .containsExactly("flood 1", "quiet 1", "flood 2", "quiet 2", "flood 3", "flood 4");
    places.release();
    assertThat(places.taken()).isZero();
  }

  @Test
  void whoGivesUpLeavesItsTurnToTheNext() throws InterruptedException {
    places.acquire("a");
    var impatient = ask("a", "impatient");
    ask("a", "patient");
    impatient.interrupt();
    assertThat(came.poll(20, TimeUnit.SECONDS)).isEqualTo("impatient gave up");
    assertThat(places.waiting()).isEqualTo(1);
    assertThat(next()).isEqualTo("patient");
    places.release();
    assertThat(places.taken()).isZero();
    assertThat(places.waiting()).isZero();
  }
}
