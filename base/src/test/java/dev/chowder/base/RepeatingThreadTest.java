package dev.chowder.base;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.concurrent.CountDownLatch;
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
}
