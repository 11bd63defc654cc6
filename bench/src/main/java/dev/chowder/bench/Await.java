package dev.chowder.bench;

import java.io.IOException;
import java.time.Duration;

/** Waits for conditions. */
final class Await {
  /** Time limit for a started node to respond, and for a new fleet to become steady. */
  private static final Duration LIMIT = Duration.ofMinutes(3);

  private Await() {}

  /** A condition, or a call that returns whether it succeeded. */
  interface Condition {
    boolean isMet() throws Exception;
  }

  /**
   * Waits until the condition is met.
   *
   * @param what the condition, for the message
   * @throws IllegalStateException if it is not met in time
   */
  static void until(String what, Condition condition) throws Exception {
    long until = System.nanoTime() + LIMIT.toNanos();
    while (true) {
      try {
        if (condition.isMet()) return;
      } catch (IOException notYet) {
        // The port is closed while the node starts.
        if (System.nanoTime() > until) throw notYet;
      }
      if (System.nanoTime() > until) {
        throw new IllegalStateException("not within " + LIMIT.toSeconds() + " s: " + what);
      }
      Thread.sleep(10);
    }
  }
}
