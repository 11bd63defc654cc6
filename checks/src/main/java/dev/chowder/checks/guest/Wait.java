package dev.chowder.checks.guest;

import dev.chowder.program.ProgramException;
import java.io.IOException;
import java.time.Duration;
import java.util.concurrent.Callable;

/** Waits for conditions in programs that run where Awaitility does not. */
public final class Wait {
  private static final Duration PAUSE = Duration.ofMillis(200);

  private Wait() {}

  /**
   * Polls until the condition holds. A program or a call that fails is a condition that does not
   * hold yet.
   *
   * @param what names the condition if it does not hold within the limit
   * @throws AssertionError after the limit, with the last failure
   */
  public static void until(Duration limit, String what, Callable<Boolean> condition)
      throws Exception {
    long end = System.nanoTime() + limit.toNanos();
    while (true) {
      Exception last = null;
      try {
        if (condition.call()) return;
      } catch (ProgramException | IOException failed) {
        last = failed;
      }
      if (System.nanoTime() - end >= 0) {
        var why = last == null ? "" : ": " + last.getMessage();
        throw new AssertionError("not within " + limit.toSeconds() + " s: " + what + why, last);
      }
      Thread.sleep(PAUSE);
    }
  }
}
