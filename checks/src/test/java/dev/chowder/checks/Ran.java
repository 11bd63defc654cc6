package dev.chowder.checks;

import static org.assertj.core.api.Assertions.assertThat;

import dev.chowder.program.Program;

/** Assertions about programs that ran. */
final class Ran {
  private Ran() {}

  /** Fails with the whole output of the program, which explains its failure. */
  static void assertSucceeded(Program.Result result) {
    assertThat(result.exit()).as("%s%s", result.output(), result.errors()).isZero();
  }

  /**
   * Asserts that a program failed for a planted error, and not for another reason.
   *
   * @param finding a part of its output
   */
  static void assertFound(Program.Result result, String finding) {
    assertThat(result.succeeded()).as("accepted a planted error").isFalse();
    assertThat(result.output() + result.errors()).contains(finding);
  }
}
