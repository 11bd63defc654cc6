package dev.chowder.e2e;

import java.time.Duration;
import java.util.concurrent.Callable;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Predicate;
import org.awaitility.Awaitility;
import org.awaitility.core.ConditionTimeoutException;

/** Repeats a check until a condition holds. At the time limit it fails with the last response. */
final class Eventually {
  private static final Duration PAUSE = Duration.ofMillis(200);

  private Eventually() {}

  static <T> T get(String what, Duration limit, Callable<T> ask, Predicate<? super T> enough) {
    var last = new AtomicReference<T>();
    try {
      Awaitility.await()
          .pollInSameThread()
          .pollDelay(Duration.ZERO)
          .pollInterval(PAUSE)
          .atMost(limit)
          .until(
              () -> {
                last.set(call(ask));
                return enough.test(last.get());
              });
    } catch (ConditionTimeoutException late) {
      throw new AssertionError(what + ": not within " + limit + "; at last: " + last.get(), late);
    }
    return last.get();
  }

  static void is(String what, Duration limit, Callable<Boolean> condition) {
    var _ = get(what, limit, condition, Boolean::booleanValue);
  }

  /** Waits for a time that is itself part of the test. */
  static void pause(Duration time) {
    try {
      Thread.sleep(time);
    } catch (InterruptedException interrupted) {
      Thread.currentThread().interrupt();
      throw new AssertionError(interrupted);
    }
  }

  private static <T> T call(Callable<T> ask) {
    try {
      return ask.call();
    } catch (Exception e) {
      throw new AssertionError(e);
    }
  }
}
