package dev.chowder.base;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

class RepeatingThreadTest {
  private static final Duration LONG = Duration.ofHours(1);

  @Test
  void workRunsAgainAfterEachPause() throws InterruptedException {
    var runs = new CountDownLatch(3);
    try (var thread = new RepeatingThread("test")) {
      thread.every(Duration.ofMillis(10), runs::countDown);
      assertThat(runs.await(20, TimeUnit.SECONDS)).isTrue();
    }
  }

  @Test
  void onlyNowAndEveryRunsBeforeTheFirstPause() throws InterruptedException {
    var later = new AtomicInteger();
    var now = new CountDownLatch(1);
    var once = new CountDownLatch(1);
    try (var thread = new RepeatingThread("test")) {
      thread.every(LONG, later::incrementAndGet);
      thread.nowAndEvery(LONG, now::countDown);
      thread.execute(once::countDown);
      assertThat(now.await(20, TimeUnit.SECONDS)).isTrue();
      assertThat(once.await(20, TimeUnit.SECONDS)).isTrue();
      assertThat(later).hasValue(0);
    }
  }

  @Test
  void closingInterruptsTheRunInProgress() throws InterruptedException {
    var started = new CountDownLatch(1);
    var interrupted = new CountDownLatch(1);
    try (var thread = new RepeatingThread("test")) {
      thread.nowAndEvery(
          LONG,
          () -> {
            started.countDown();
            try {
              Thread.sleep(LONG);
            } catch (InterruptedException closing) {
              interrupted.countDown();
            }
          });
      assertThat(started.await(20, TimeUnit.SECONDS)).isTrue();
    }
    assertThat(interrupted.await(20, TimeUnit.SECONDS)).isTrue();
  }

  @Test
  void theThreadIsADaemonWithTheName() throws Exception {
    try (var thread = new RepeatingThread("test")) {
      var runner = runner(thread);
      assertThat(runner.isDaemon()).isTrue();
      assertThat(runner.getName()).isEqualTo("test");
    }
  }

  @Test
  void afterAFailureTheWorkRunsAgain() throws InterruptedException {
    for (var failure : List.of(new IllegalStateException("expected"), new StackOverflowError())) {
      var runs = new CountDownLatch(3);
      try (var thread = new RepeatingThread("test")) {
        thread.every(
            Duration.ofMillis(1),
            () -> {
              runs.countDown();
              sneaky(failure);
            });
        assertThat(runs.await(20, TimeUnit.SECONDS)).as(failure.toString()).isTrue();
      }
    }
  }

  @Test
  void afterAFailureOfSingleWorkOtherWorkContinues() throws Exception {
    try (var thread = new RepeatingThread("test")) {
      var before = runner(thread);
      thread.execute(() -> sneaky(new StackOverflowError()));
      assertThat(runner(thread)).isSameAs(before);
    }
  }

  private static void sneaky(Throwable failure) {
    if (failure instanceof Error error) throw error;
    throw (RuntimeException) failure;
  }

  @Test
  void nothingRunsAfterTheEnd() throws Exception {
    var more = new AtomicInteger();
    var started = new CountDownLatch(1);
    var release = new CountDownLatch(1);
    var thread = new RepeatingThread("test");
    var runner = runner(thread);
    thread.nowAndEvery(
        Duration.ofMillis(1),
        () -> {
          if (started.getCount() == 0) more.incrementAndGet();
          started.countDown();
          awaitUninterruptibly(release);
        });
    assertThat(started.await(20, TimeUnit.SECONDS)).isTrue();
    thread.execute(more::incrementAndGet);
    thread.every(Duration.ofMillis(1), more::incrementAndGet);
    thread.close();
    release.countDown();
    assertThat(runner.join(Duration.ofSeconds(20))).isTrue();
    assertThat(more).hasValue(0);
    assertThatThrownBy(() -> thread.execute(more::incrementAndGet))
        .isInstanceOf(RejectedExecutionException.class);
    assertThatThrownBy(() -> thread.every(LONG, more::incrementAndGet))
        .isInstanceOf(RejectedExecutionException.class);
    assertThatThrownBy(() -> thread.nowAndEvery(LONG, more::incrementAndGet))
        .isInstanceOf(RejectedExecutionException.class);
  }

  /** Returns the thread that runs the work. */
  private static Thread runner(RepeatingThread thread) throws Exception {
    var runner = new CompletableFuture<Thread>();
    thread.execute(() -> runner.complete(Thread.currentThread()));
    return runner.get(20, TimeUnit.SECONDS);
  }

  /** Waits as work that ignores an interrupt. */
  private static void awaitUninterruptibly(CountDownLatch latch) {
    while (true) {
      try {
        latch.await();
        return;
      } catch (InterruptedException ignored) {
        // Continues to wait.
      }
    }
  }
}
