package dev.chowder.base;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

class FairSemaphoreTest {
  private FairSemaphore permits = new FairSemaphore(1);
  private final BlockingQueue<String> acquired = new LinkedBlockingQueue<>();

  private Thread acquire(String group, String name) {
    int before = permits.waiting();
    var waiter =
        Thread.ofVirtual()
            .start(
                () -> {
                  try {
                    permits.acquire(group);
                    acquired.add(name);
                  } catch (InterruptedException e) {
                    acquired.add(name + " was interrupted");
                  }
                });
    awaitWaiting(before + 1);
    return waiter;
  }

  private void awaitWaiting(int wanted) {
    Await.until(
        Await.LIMIT, () -> permits.waiting() == wanted, () -> "waiting: " + permits.waiting());
  }

  private String nextAfter(String released) throws InterruptedException {
    permits.release(released);
    return String.valueOf(acquired.poll(20, TimeUnit.SECONDS));
  }

  @Test
  void groupsTakeTurnsWhenOneGroupWaitsForManyPermits() throws InterruptedException {
    permits.acquire("flood");
    for (int n = 1; n <= 4; n++) acquire("flood", "flood " + n);
    acquire("quiet", "quiet 1");
    acquire("quiet", "quiet 2");
    List<String> order = new ArrayList<>();
    var holder = "flood";
    for (int n = 0; n < 6; n++) {
      order.add(nextAfter(holder));
      holder = order.getLast().split(" ", 2)[0];
    }
    assertThat(order)
        .containsExactly("flood 1", "quiet 1", "flood 2", "quiet 2", "flood 3", "flood 4");
    permits.release(holder);
    assertThat(permits.taken()).isZero();
  }

  @Test
  void aWaiterThatIsInterruptedLeavesItsTurnToTheNext() throws InterruptedException {
    permits.acquire("a");
    var interrupted = acquire("a", "interrupted");
    acquire("a", "next");
    interrupted.interrupt();
    assertThat(acquired.poll(20, TimeUnit.SECONDS)).isEqualTo("interrupted was interrupted");
    assertThat(permits.waiting()).isEqualTo(1);
    assertThat(nextAfter("a")).isEqualTo("next");
    permits.release("a");
    assertThat(permits.taken()).isZero();
    assertThat(permits.waiting()).isZero();
  }

  @Test
  void reservedPermitsAreForGroupsThatHaveNone() throws InterruptedException {
    permits = new FairSemaphore(4, 2);
    for (int n = 0; n < 2; n++) permits.acquire("flood");
    acquire("flood", "flood 3");
    permits.acquire("quiet");
    acquire("quiet", "quiet 2");
    permits.acquire("other");
    acquire("late", "late 1");
    assertThat(nextAfter("other")).isEqualTo("late 1");
    // The group that waits has no permit now, so that it gets one.
    assertThat(nextAfter("quiet")).isEqualTo("quiet 2");
    permits.release("quiet");
    permits.release("late");
    assertThat(acquired).isEmpty();
    assertThat(nextAfter("flood")).isEqualTo("flood 3");
    for (int n = 0; n < 2; n++) permits.release("flood");
    assertThat(permits.taken()).isZero();
    assertThat(permits.waiting()).isZero();
  }
}
