package dev.chowder.operate.state;

import dev.chowder.cli.failure.CommandException;
import java.time.Duration;
import java.util.function.BooleanSupplier;

/** Waits for conditions that nothing reports. */
public final class Poll {
  private static final Duration PAUSE = Duration.ofMillis(100);

  private Poll() {}

  /** Returns whether the condition holds within the time. */
  public static boolean until(Duration limit, BooleanSupplier condition) {
    long deadline = System.nanoTime() + limit.toNanos();
    while (!condition.getAsBoolean()) {
      if (System.nanoTime() > deadline) return false;
      pause();
    }
    return true;
  }

  static void pause() {
    try {
      Thread.sleep(PAUSE);
    } catch (InterruptedException interrupted) {
      throw CommandException.interrupted(interrupted);
    }
  }
}
