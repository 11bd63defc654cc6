package dev.chowder.sandbox;

/** What a late call of a life that is over gets: it must not end the process of a later one. */
public final class StaleAttempt {
  private StaleAttempt() {}

  /** Throws when the attempt that asks is older than the one that runs. */
  public static void refuse(int asking, int running) {
    if (asking < running) {
      throw new SandboxException(
          SandboxException.Reason.REFUSED,
          "attempt: " + asking + " (expected: at least " + running + ", which runs)");
    }
  }
}
