package dev.chowder.admission;

import java.util.function.IntSupplier;

/**
 * Rejects new instances while too much work waits on this node. An instance that could not start
 * for minutes is rejected before a slot is reserved. Does not affect pending effects.
 */
public final class WaitingWorkLimit {
  private final IntSupplier waiting;
  private final int max;

  /**
   * Creates the limit.
   *
   * @param waiting returns how many effects wait on this node
   * @param max number of waiting effects from which on instances are rejected
   */
  public WaitingWorkLimit(IntSupplier waiting, int max) {
    this.waiting = waiting;
    this.max = max;
  }

  /**
   * Checks that not too much work waits.
   *
   * @throws RejectedException with {@link Rejection.TooMuchWork}
   */
  void check() {
    int now = waiting.getAsInt();
    if (now >= max) throw new RejectedException(new Rejection.TooMuchWork(now, max));
  }
}
