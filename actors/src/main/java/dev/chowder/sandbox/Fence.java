package dev.chowder.sandbox;

import dev.chowder.sandbox.SandboxException.Reason;
import java.util.Optional;

/**
 * Limits what a call may touch. A node that was paused may send its call late, when other nodes
 * have given the instance a later attempt or another home volume. The call must touch neither.
 *
 * @param attempt the caller's attempt; containers of later attempts stay
 * @param generation of the home volume that the caller means; no other is used or removed
 */
public record Fence(int attempt, int generation) {
  /** No home volume has this generation; stands for all of them. */
  private static final int ANY = -1;

  /**
   * Allows everything. For a deleted instance, and for a sandbox without an instance: neither can
   * get a later attempt.
   */
  public static final Fence NONE = new Fence(Integer.MAX_VALUE, ANY);

  /** Allows whatever home volume exists. */
  public static Fence ofAttempt(int attempt) {
    return new Fence(attempt, ANY);
  }

  /** Whether containers of this attempt are within the fence. */
  public boolean covers(int madeBy) {
    return madeBy <= attempt;
  }

  /** Whether the fence allows the home volume of this generation. */
  public boolean isOf(int home) {
    return generation == ANY || generation == home;
  }

  /**
   * Checks the attempt against the running one.
   *
   * @throws SandboxException {@link Reason#REFUSED} if the running one is later
   */
  public static void requireNotBefore(int running, int asking) {
    if (asking < running) {
      throw new SandboxException(
          Reason.REFUSED, "attempt: must be at least " + running + ", which runs; got " + asking);
    }
  }

  /**
   * Checks that the intended home volume exists.
   *
   * @param home the generation of the existing one; empty if there is none
   * @throws SandboxException {@link Reason#NOT_FOUND} if there is none, {@link
   *     Reason#HOME_REPLACED} if it is another one
   */
  public void requireHome(SandboxId id, Optional<Integer> home) {
    if (home.isEmpty()) {
      throw new SandboxException(Reason.NOT_FOUND, "sandbox: " + id + " is not there");
    }
    if (!isOf(home.get())) throw replaced(home.get());
  }

  /** Returns the error for a call that means another home volume than the existing one. */
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
