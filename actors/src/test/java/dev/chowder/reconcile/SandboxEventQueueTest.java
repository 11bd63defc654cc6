package dev.chowder.reconcile;

import static org.assertj.core.api.Assertions.assertThat;

import dev.chowder.sandbox.SandboxId;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

class SandboxEventQueueTest {
  private static final long LIMIT_SECONDS = 20;

  private final Semaphore gate = new Semaphore(0);
  private final Semaphore begun = new Semaphore(0);
  private final Queue<SandboxId> observed = new ConcurrentLinkedQueue<>();
  private final AtomicInteger overflows = new AtomicInteger();

  @Test
  void allSandboxesOfAHundredEventsAreObserved() throws InterruptedException {
    var queue = queue(100, 8);
    gate.release(100);
    for (int n = 0; n < 100; n++) queue.add(id(n));
    assertThat(begun.tryAcquire(100, LIMIT_SECONDS, TimeUnit.SECONDS)).isTrue();
    assertThat(overflows).hasValue(0);
  }

  @Test
  void concurrencyIsLimitedAndEventsBeyondTheCapacityOverflow() throws InterruptedException {
    var queue = queue(3, 2);
    queue.add(id(1));
    queue.add(id(2));
    assertThat(begun.tryAcquire(2, LIMIT_SECONDS, TimeUnit.SECONDS)).isTrue();
    for (int n = 3; n <= 7; n++) queue.add(id(n));
    assertThat(begun.availablePermits()).isZero();
    assertThat(overflows).hasValue(2);
  }

  @Test
  void aWaitingSandboxIsNotQueuedAgain() throws InterruptedException {
    var queue = queue(3, 1);
    queue.add(id(1));
    assertThat(begun.tryAcquire(1, LIMIT_SECONDS, TimeUnit.SECONDS)).isTrue();
    for (int n = 0; n < 50; n++) queue.add(id(2));
    assertThat(overflows).hasValue(0);
    gate.release(100);
    assertThat(begun.tryAcquire(1, LIMIT_SECONDS, TimeUnit.SECONDS)).isTrue();
    queue.add(id(3));
    assertThat(begun.tryAcquire(1, LIMIT_SECONDS, TimeUnit.SECONDS)).isTrue();
    assertThat(observed).containsExactly(id(1), id(2), id(3));
  }

  private SandboxEventQueue queue(int capacity, int atOnce) {
    return new SandboxEventQueue(
        capacity,
        atOnce,
        id -> {
          observed.add(id);
          begun.release();
          gate.acquireUninterruptibly();
        },
        overflows::incrementAndGet);
  }

  private static SandboxId id(int n) {
    return SandboxId.ofInstance("01a20000-0000-7000-8000-%012d".formatted(n));
  }
}
