package dev.chowder.effect;

import dev.chowder.sandbox.SandboxId;
import java.util.LinkedHashSet;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * The engine's notices on their way to be looked into: each sandbox once, oldest first, some at
 * once. What is beyond its limit is left to a sweep. Knows nothing of what a look does.
 */
final class SandboxEventQueue {
  private final int capacity;
  private final int atOnce;
  private final Consumer<SandboxId> observe;
  private final Runnable overflow;
  private final LinkedHashSet<SandboxId> waiting = new LinkedHashSet<>();
  private int looking;
  private boolean closed;

  /**
   * Makes one.
   *
   * @param capacity how many may wait
   * @param atOnce how many are looked into at once
   * @param observe must not throw
   * @param overflow told of each notice that found no place
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
    if (looking < atOnce) {
      looking++;
      Thread.ofVirtual().name("notice-" + id).start(this::work);
    }
    return true;
  }

  private void work() {
    for (var next = next(); next != null; next = next()) observe.accept(next);
  }

  private synchronized @Nullable SandboxId next() {
    if (closed || waiting.isEmpty()) {
      looking--;
      return null;
    }
    return waiting.removeFirst();
  }

  synchronized void close() {
    closed = true;
    waiting.clear();
  }
}
