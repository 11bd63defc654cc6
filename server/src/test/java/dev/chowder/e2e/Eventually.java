package dev.chowder.e2e;

import java.time.Duration;
import java.util.concurrent.Callable;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Predicate;

/** Repeats a check until a condition holds. At the time limit it fails with the last response. */
final class Eventually {
  private static final Duration PAUSE = Duration.ofMillis(200);

  private Eventually() {}

  static <T> T get(String what, Duration limit, Callable<T> ask, Predicate<? super T> enough) {
    long end = System.nanoTime() + limit.toNanos();
    while (true) {
      T answer = call(ask);
      if (enough.test(answer)) {
        return answer;
      }
      if (System.nanoTime() > end) {
        throw new AssertionError(what + ": not within " + limit + "; at last: " + answer);
      }
      LockSupport.parkNanos(PAUSE.toNanos());
    }
  }

  static void is(String what, Duration limit, Callable<Boolean> condition) {
    var _ = get(what, limit, condition, Boolean::booleanValue);
  }

  private static <T> T call(Callable<T> ask) {
    try {
      return ask.call();
    } catch (Exception e) {
      throw new AssertionError(e);
    }
  }
}
