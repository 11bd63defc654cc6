package dev.chowder.server.crash;

import java.time.Duration;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Supplier;

/** Waits for a condition, up to a limit. */
final class Await {
  private static final Duration BETWEEN = Duration.ofMillis(15);

  private Await() {}

  static void until(Duration limit, Supplier<String> problem) {
    until(limit, problem, () -> "");
  }

  /** Fails with the last problem if it is not solved in time. */
  static void until(Duration limit, Supplier<String> problem, Supplier<String> context) {
    long end = System.nanoTime() + limit.toNanos();
    while (true) {
      var last = problem.get();
      if (last.isEmpty()) return;
      if (System.nanoTime() - end > 0) {
        throw new AssertionError("after " + limit + ": " + last + "\n" + context.get());
      }
      LockSupport.parkNanos(BETWEEN.toNanos());
    }
  }
}
