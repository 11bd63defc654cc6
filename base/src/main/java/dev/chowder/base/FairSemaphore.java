package dev.chowder.base;

import java.time.Duration;
import java.util.ArrayDeque;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.SequencedMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/**
 * A fair semaphore. While no permit is free, groups are served round-robin and each group in FIFO
 * order, so that no group can starve the others. Does not know what a permit is for.
 */
public final class FairSemaphore {
  private final int max;
  private final int reserved;
  private final SequencedMap<String, ArrayDeque<CountDownLatch>> waiting = new LinkedHashMap<>();
  private final Map<String, Integer> held = new HashMap<>();
  private int taken;
  private int queued;

  public FairSemaphore(int max) {
    this(max, 0);
  }

  /**
   * Creates a semaphore that a single group cannot exhaust.
   *
   * @param reserved number of permits that only groups without a permit get; less than {@code max}
   */
  public FairSemaphore(int max, int reserved) {
    this.max = max;
    this.reserved = reserved;
  }

  /** Acquires a permit, when it is this group's turn. */
  public void acquire(String group) throws InterruptedException {
    var _ = tryAcquire(group, Duration.ofNanos(Long.MAX_VALUE));
  }

  /** Acquires a permit, when it is this group's turn. Returns whether that was in time. */
  public boolean tryAcquire(String group, Duration timeout) throws InterruptedException {
    var turn = new CountDownLatch(1);
    synchronized (this) {
      if (isFreeFor(group)) {
        take(group);
        return true;
      }
      waiting.computeIfAbsent(group, _ -> new ArrayDeque<>()).add(turn);
      queued++;
    }
    try {
      // A permit that arrives at the end of the wait counts.
      return turn.await(timeout.toNanos(), TimeUnit.NANOSECONDS) || !leave(group, turn);
    } catch (InterruptedException e) {
      // If the permit arrived at the same moment, it goes to the next in line.
      if (!leave(group, turn)) release(group);
      throw e;
    }
  }

  /** Releases a permit of this group, to the group that has waited longest since its last turn. */
  public synchronized void release(String group) {
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

  public synchronized int taken() {
    return taken;
  }

  public synchronized int waiting() {
    return queued;
  }
}
