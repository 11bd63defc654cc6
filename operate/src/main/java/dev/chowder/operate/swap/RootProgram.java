package dev.chowder.operate.swap;

import dev.chowder.program.Program;
import dev.chowder.program.Root;
import java.time.Duration;
import java.util.List;

/** Runs programs of administrators. This process is root. */
final class RootProgram {
  /** swapoff reads all pages back. */
  private static final Duration LIMIT = Duration.ofMinutes(10);

  private RootProgram() {}

  /** Runs a program, which prints why it failed, and returns whether it succeeded. */
  static boolean succeeds(String... words) {
    return root(words).within(LIMIT).shown().succeeds();
  }

  /** Returns what a program printed; an empty text if it failed. */
  static String output(String... words) {
    return root(words).attempt().output();
  }

  private static Program root(String... words) {
    return new Root(List.of()).run(words);
  }
}
