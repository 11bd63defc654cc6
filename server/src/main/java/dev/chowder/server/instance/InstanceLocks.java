package dev.chowder.server.instance;

import dev.chowder.instance.InstanceId;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;

/**
 * Locks of instances, one for each instance that a call uses. Instances never share a lock, so that
 * no organization waits for another one.
 */
final class InstanceLocks {
  private final Map<InstanceId, Counted> used = new HashMap<>();

  private static final class Counted {
    private final ReentrantLock lock = new ReentrantLock();

    /** Number of calls that hold the lock or wait for it. Guarded by the monitor of the map. */
    private int calls;
  }

  /** A held lock. The thread that acquired it must close it. */
  interface Held extends AutoCloseable {
    @Override
    void close();
  }

  /** Acquires the lock for this thread. Returns empty if it is not free within {@code timeout}. */
  Optional<Held> tryLock(InstanceId id, Duration timeout) throws InterruptedException {
    var counted = begin(id);
    boolean held = false;
    try {
      held = counted.lock.tryLock(timeout.toMillis(), TimeUnit.MILLISECONDS);
    } finally {
      if (!held) end(id, counted);
    }
    if (!held) return Optional.empty();
    return Optional.of(
        () -> {
          counted.lock.unlock();
          end(id, counted);
        });
  }

  /** Returns the number of instances that have a lock. */
  int size() {
    synchronized (used) {
      return used.size();
    }
  }

  private Counted begin(InstanceId id) {
    synchronized (used) {
      var counted = used.computeIfAbsent(id, _ -> new Counted());
      counted.calls++;
      return counted;
    }
  }

  private void end(InstanceId id, Counted counted) {
    synchronized (used) {
      counted.calls--;
      if (counted.calls == 0) used.remove(id);
    }
  }
}
