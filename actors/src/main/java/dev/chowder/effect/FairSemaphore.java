package dev.chowder.effect;

import java.util.ArrayDeque;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.SequencedMap;
import java.util.concurrent.CountDownLatch;

/**
 * A fair semaphore. While no permit is free, groups are served round-robin and each group in FIFO
 * order, so that no group can starve the others. Does not know what a permit is for.
 */
final class FairSemaphore {
  private final int max;
  private final int reserved;
  private final SequencedMap<String, ArrayDeque<CountDownLatch>> waiting = new LinkedHashMap<>();
  private final Map<String, Integer> held = new HashMap<>();
  private int taken;
  private int queued;

  FairSemaphore(int max) {
    this(max, 0);
  }

  /**
   * Creates a semaphore that a single group cannot exhaust.
   *
   * @param reserved number of permits that only groups without a permit get; less than {@code max}
   */
  FairSemaphore(int max, int reserved) {
    this.max = max;
    this.reserved = reserved;
  }

  /** Acquires a permit, when it is this group's turn. */
  void acquire(String group) throws InterruptedException {
    var turn = new CountDownLatch(1);
    synchronized (this) {
      if (isFreeFor(group)) {
        take(group);
        return;
      }
      waiting.computeIfAbsent(group, _ -> new ArrayDeque<>()).add(turn);
      queued++;
    }
    try {
      turn.await();
    } catch (InterruptedException e) {
      // If the permit arrived at the same moment, it goes to the next in line.
      if (!leave(group, turn)) release(group);
      throw e;
    }
  }

  /** Releases a permit of this group, to the group that has waited longest since its last turn. */
  synchronized void release(String group) {
    taken--;
    held.computeIfPresent(group, (_, permits) -> permits == 1 ? null : permits - 1);
    for (var next = next(); next.isPresent(); next = next()) serve(next.get());
  }

  private Optional<String> next() {
    return waiting.keySet().stream().filter(this::isFreeFor).findFirst();
  }

  private boolean isFreeFor(String group) {
    return taken < (held.containsKey(group) ? max - reserved : max);
  }

  private void take(String group) {
    taken++;
    held.merge(group, 1, Integer::sum);
  }

  private void serve(String group) {
    var queue = Objects.requireNonNull(waiting.remove(group));
    take(group);
    queued--;
    queue.remove().countDown();
    if (!queue.isEmpty()) waiting.putLast(group, queue);
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
