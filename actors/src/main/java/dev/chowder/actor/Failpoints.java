package dev.chowder.actor;

import java.util.Optional;

/**
 * Places where a test can have the process die as by {@code kill -9}: {@code CHOWDER_FAILPOINT}
 * names the one that is armed. Unarmed, as always outside tests, a place costs one comparison.
 */
public final class Failpoints {
  /**
   * The exit code of a process that died at its failpoint, so that a test can tell it from any
   * other death.
   */
  public static final int EXIT_CODE = 97;

  private static final Optional<String> ARMED =
      Optional.ofNullable(System.getenv("CHOWDER_FAILPOINT")).filter(name -> !name.isBlank());

  private Failpoints() {}

  public static void hit(String name) {
    if (ARMED.isPresent() && ARMED.get().equals(name)) Runtime.getRuntime().halt(EXIT_CODE);
  }
}
