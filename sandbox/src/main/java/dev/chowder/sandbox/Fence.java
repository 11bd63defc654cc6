package dev.chowder.sandbox;

import static dev.chowder.base.ErrorText.cannot;
import static dev.chowder.base.ErrorText.must;

import dev.chowder.sandbox.SandboxException.Reason;
import java.util.Optional;

/**
 * Limits what a call may touch. A paused node may send its call late, after other nodes gave the
 * instance a later attempt or another home volume. The call must touch neither.
 *
 * @param attempt the caller's attempt; containers of later attempts stay
 * @param generation the home volume that the caller means; no other is used or removed
 */
public record Fence(int attempt, int generation) {
  /** Allows every home volume. No home volume has this generation. */
  private static final int ANY = -1;

  /**
   * Allows everything. Used for deleted instances and for sandboxes without an instance: neither
   * can get a later attempt.
   */
  public static final Fence NONE = new Fence(Integer.MAX_VALUE, ANY);

  /** Allows any existing home volume. */
  public static Fence ofAttempt(int attempt) {
    return new Fence(attempt, ANY);
  }

  /** Returns whether containers of this attempt are within the fence. */
  public boolean allowsAttempt(int other) {
    return other <= attempt;
  }

  /** Returns the generation of the home volume that the caller means; empty if it means any. */
  public Optional<Integer> home() {
    return generation == ANY ? Optional.empty() : Optional.of(generation);
  }

  /** Returns whether the fence allows the home volume of this generation. */
  public boolean allowsHome(int home) {
    return generation == ANY || generation == home;
  }

  /**
   * Checks the attempt against the running one.
   *
   * @throws SandboxException {@link Reason#REFUSED} if the running one is later
   */
  public static void requireNotBefore(int running, int requested) {
    if (requested < running) {
      throw new SandboxException(
          Reason.REFUSED,
          must("attempt", "be at least " + running + ", which is running", requested));
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
      throw SandboxException.noHome(id);
    }
    if (!allowsHome(home.get())) throw replaced(home.get());
  }

  /** Returns the error for a call that means another home volume than the existing one. */
  public SandboxException replaced(int home) {
    return new SandboxException(
        Reason.HOME_REPLACED,
        cannot(
            "use home volume " + generation,
            "home volume " + home + " of the same instance exists",
            "recover the instance to start with that one"));
  }
}
