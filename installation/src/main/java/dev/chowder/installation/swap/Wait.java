package dev.chowder.installation.swap;

import dev.chowder.cli.failure.CommandException;
import dev.chowder.cli.failure.ExitCode;
import java.time.Duration;
import java.util.function.BooleanSupplier;

/** Waits for the kernel and for other processes. */
final class Wait {
  private static final Duration PAUSE = Duration.ofMillis(100);

  private Wait() {}

  /** Polls until the condition holds. Returns false after the limit. */
  static boolean until(Duration limit, BooleanSupplier condition) {
    long end = System.nanoTime() + limit.toNanos();
    try {
      while (!condition.getAsBoolean()) {
        if (System.nanoTime() - end >= 0) return false;
        Thread.sleep(PAUSE);
      }
      return true;
    } catch (InterruptedException interrupted) {
      Thread.currentThread().interrupt();
      throw new CommandException(ExitCode.INTERRUPTED, "interrupted", interrupted);
    }
  }
}
