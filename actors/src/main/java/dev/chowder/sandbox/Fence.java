package dev.chowder.sandbox;

import dev.chowder.sandbox.SandboxException.Reason;
import java.util.Optional;

/**
 * How far a call may go. A node that was paused sends its call late, when other nodes may have
 * given the instance a later attempt or another home volume: neither may be touched then.
 *
 * @param attempt the caller's; what later attempts made stays
 * @param generation of the home volume that the caller means; no other is used or removed
 */
public record Fence(int attempt, int generation) {
  /** The generation of no home volume: stands for all of them. */
  private static final int ANY = -1;

  /**
   * Everything. For an instance that was deleted, and what belongs to no instance: neither can get
   * a later attempt.
   */
  public static final Fence NONE = new Fence(Integer.MAX_VALUE, ANY);

  /** Whatever home volume is there. */
  public static Fence ofAttempt(int attempt) {
    return new Fence(attempt, ANY);
  }

  /** Whether what this attempt made is within the fence. */
  public boolean covers(int madeBy) {
    return madeBy <= attempt;
  }

  /** Whether this is the home volume that is meant. */
  public boolean isOf(int home) {
    return generation == ANY || generation == home;
  }

  /**
   * Checks the attempt against the one that runs.
   *
   * @throws SandboxException {@link Reason#REFUSED} if that is a later one
   */
  public static void requireNotBefore(int running, int asking) {
    if (asking < running) {
      throw new SandboxException(
          Reason.REFUSED, "attempt: must be at least " + running + ", which runs; got " + asking);
    }
  }

  /**
   * Checks that the home volume that is meant is there.
   *
   * @param home the generation of the one that is there; empty if there is none
   * @throws SandboxException {@link Reason#NOT_FOUND} if there is none, {@link
   *     Reason#HOME_REPLACED} if it is another one
   */
  public void requireHome(SandboxId id, Optional<Integer> home) {
    if (home.isEmpty()) {
      throw new SandboxException(Reason.NOT_FOUND, "sandbox: " + id + " is not there");
    }
    if (!isOf(home.get())) throw replaced(home.get());
  }

  /** What a caller gets who means one home volume where another one is. */
  public SandboxException replaced(int home) {
    return new SandboxException(
        Reason.HOME_REPLACED,
        "cannot use home volume "
            + generation
            + ": home volume "
            + home
            + " of the same instance is there; recover the instance to start with that one");
  }
}
