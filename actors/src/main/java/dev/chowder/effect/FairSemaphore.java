package dev.chowder.effect;

import java.util.ArrayDeque;
import java.util.LinkedHashMap;
import java.util.SequencedMap;
import java.util.concurrent.CountDownLatch;

/**
 * A fair semaphore. While no permit is free, groups are served round-robin and each group in FIFO
 * order, so that no group can starve the others. Does not know what a permit is for.
 */
final class FairSemaphore {
  private final int max;
  private final SequencedMap<String, ArrayDeque<CountDownLatch>> waiting = new LinkedHashMap<>();
  private int taken;
  private int queued;

  FairSemaphore(int max) {
    this.max = max;
  }

  /** Acquires a permit, when it is this group's turn. */
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
      // If the permit arrived at the same moment, it goes to the next in line.
      if (!leave(group, turn)) release();
      throw e;
    }
  }

  /** Releases a permit, to the group that has waited longest since its last turn. */
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
