package dev.chowder.effect;

import java.util.ArrayDeque;
import java.util.LinkedHashMap;
import java.util.SequencedMap;
import java.util.concurrent.CountDownLatch;

/**
 * A bounded number of places for work, handed out to groups in turn and within a group in the order
 * of asking: who asks for many waits for its own, not everybody for it. Knows nothing of the work.
 */
final class FairSemaphore {
  private final int max;
  private final SequencedMap<String, ArrayDeque<CountDownLatch>> waiting = new LinkedHashMap<>();
  private int taken;
  private int queued;

  FairSemaphore(int max) {
    this.max = max;
  }

  /** Takes a place, as soon as it is this group's turn. */
  void acquire(String group) throws InterruptedException {
    var turn = new CountDownLatch(1);
    synchronized (this) {
      if (taken < max) {
        taken++;
        return;
      }
      waiting.computeIfAbsent(group, _ -> new ArrayDeque<>()).add(turn);
      queued++;
    }
    try {
      turn.await();
    } catch (InterruptedException e) {
      // The turn may have come at the same moment: then the place is the next one's.
      if (!leave(group, turn)) release();
      throw e;
    }
  }

  /** Gives a place to the group that has waited for longest since its last turn. */
  synchronized void release() {
    var next = waiting.pollFirstEntry();
    if (next == null) {
      taken--;
      return;
    }
    queued--;
    next.getValue().remove().countDown();
    if (!next.getValue().isEmpty()) waiting.putLast(next.getKey(), next.getValue());
  }

  private synchronized boolean leave(String group, CountDownLatch turn) {
    var queue = waiting.get(group);
    if (queue == null || !queue.remove(turn)) return false;
    queued--;
    if (queue.isEmpty()) waiting.remove(group);
    return true;
  }

  synchronized int taken() {
    return taken;
  }

  synchronized int waiting() {
    return queued;
  }
}
