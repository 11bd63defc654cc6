package dev.chowder.server.cluster;

import java.time.Duration;
import java.util.function.BooleanSupplier;
import java.util.function.Supplier;

/** Waits for a condition. At the limit it fails and reports the state instead. */
final class Await {
  private static final long LOOK_MILLIS = 50;

  private Await() {}

  static void until(Duration limit, BooleanSupplier holds, Supplier<String> instead) {
    long deadline = System.nanoTime() + limit.toNanos();
    while (!holds.getAsBoolean()) {
      if (System.nanoTime() > deadline) {
        throw new AssertionError("not within " + limit + "; " + instead.get());
      }
      try {
        Thread.sleep(LOOK_MILLIS);
      } catch (InterruptedException why) {
        throw new IllegalStateException(why);
      }
    }
  }
}
