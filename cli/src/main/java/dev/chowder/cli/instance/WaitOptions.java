package dev.chowder.cli.instance;

import java.time.Duration;
import picocli.CommandLine.Option;

/** The options of commands that wait for a status. */
final class WaitOptions {
  @Option(
      names = "--wait",
      negatable = true,
      fallbackValue = "true",
      defaultValue = "true",
      description = "wait for the result (default)")
  private boolean waits = true;

  @Option(
      names = "--timeout",
      paramLabel = "TIME",
      description = "longest wait for all instances, such as 90s, 10m or 1h (default: 10m)")
  private Duration timeout = Duration.ofMinutes(10);

  boolean waits() {
    return waits;
  }

  /** Begins the wait. */
  Deadline begin() {
    return Deadline.after(timeout);
  }
}
