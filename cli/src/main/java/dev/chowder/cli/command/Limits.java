package dev.chowder.cli.command;

import dev.chowder.cli.failure.ExitCode;

/** Checks how many items a user wants to list. */
public final class Limits {
  /** As many as fit into the memory of the process. */
  public static final int MAX = 20_000;

  private Limits() {}

  /**
   * Fails if the number is out of range.
   *
   * @param option its name, for the message
   */
  public static void check(String option, int number) {
    if (number >= 1 && number <= MAX) return;
    throw ExitCode.USAGE.failure("%s: must be 1 to %d; got %d".formatted(option, MAX, number));
  }
}
