package dev.chowder.reconcile;

import dev.chowder.sandbox.SandboxId;
import java.util.LinkedHashSet;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Queues the sandboxes of engine events for observation: each sandbox once, oldest first, a few at
 * once. Events beyond the capacity are left to the next pass. Does not know what an observation
 * does.
 */
final class SandboxEventQueue {
  private final int capacity;
  private final int atOnce;
  private final Consumer<SandboxId> observe;
  private final Runnable overflow;
  private final LinkedHashSet<SandboxId> waiting = new LinkedHashSet<>();
  private int observing;
  private boolean closed;

  /**
   * Creates an empty queue.
   *
   * @param capacity maximum number of waiting sandboxes
   * @param atOnce maximum number of concurrent observations
   * @param observe observes one sandbox; must not throw
   * @param overflow runs for each event beyond the capacity
   */
  SandboxEventQueue(int capacity, int atOnce, Consumer<SandboxId> observe, Runnable overflow) {
    this.capacity = capacity;
    this.atOnce = atOnce;
    this.observe = observe;
    this.overflow = overflow;
  }

  void add(SandboxId id) {
    if (!tryAdd(id)) overflow.run();
  }

  private synchronized boolean tryAdd(SandboxId id) {
    if (closed || waiting.contains(id)) return true;
    if (waiting.size() >= capacity) return false;
    waiting.add(id);
    if (observing < atOnce) {
      observing++;
      Thread.ofVirtual().name("notice-" + id).start(this::work);
    }
    return true;
  }

  private void work() {
    for (var next = next(); next != null; next = next()) observe.accept(next);
  }

  private synchronized @Nullable SandboxId next() {
    if (closed || waiting.isEmpty()) {
      observing--;
      return null;
    }
    return waiting.removeFirst();
  }

  synchronized void close() {
    closed = true;
    waiting.clear();
  }
}
