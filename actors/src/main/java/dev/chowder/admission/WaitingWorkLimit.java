package dev.chowder.admission;

import java.util.function.IntSupplier;

/**
 * Rejects new instances while too much work waits on this node. An instance that could not start
 * for minutes is rejected before a slot is reserved. Does not affect pending effects.
 *
 * @param waiting returns how many effects wait on this node
 * @param max number of waiting effects from which on instances are rejected
 */
public record WaitingWorkLimit(IntSupplier waiting, int max) {
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
