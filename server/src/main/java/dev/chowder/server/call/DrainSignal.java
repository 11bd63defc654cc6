package dev.chowder.server.call;

import java.util.HashSet;
import java.util.Set;

/**
 * Tells open calls that this node is about to leave, so that those which can go on at another node
 * end now. Knows no call's kind.
 */
public final class DrainSignal {
  private final Set<Runnable> ends = new HashSet<>();
  private boolean draining;

  /**
   * Runs {@code end} when the node departs, unless closed before; at once when it is departing
   * already. Both may come at the same time.
   */
  public synchronized Waiting onDrain(Runnable end) {
    if (draining) {
      end.run();
      return () -> {};
    }
    ends.add(end);
    return () -> forget(end);
  }

  private synchronized void forget(Runnable end) {
    ends.remove(end);
  }

  /** Ends everything that waits for it, and whatever comes later. */
  public void begin() {
    Set<Runnable> now;
    synchronized (this) {
      draining = true;
      now = Set.copyOf(ends);
      ends.clear();
    }
    now.forEach(Runnable::run);
  }

  /** What a call holds for as long as it is open. */
  @FunctionalInterface
  public interface Waiting extends AutoCloseable {
    @Override
    void close();
  }
}
