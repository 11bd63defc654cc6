package dev.chowder.server.stream;

import java.util.HashSet;
import java.util.Set;

/**
 * Notifies open calls that this node drains, so that calls that can continue on another node end
 * now. Does not know what a call does.
 */
public final class DrainSignal {
  private final Set<Runnable> ends = new HashSet<>();
  private boolean draining;

  /**
   * Runs {@code end} when the node starts to drain, or at once if it drains already. Closing the
   * result prevents that, unless {@code end} runs at the same time.
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

  /** Starts draining: runs every registered {@code end}, and those that are registered later. */
  public void begin() {
    Set<Runnable> now;
    synchronized (this) {
      draining = true;
      now = Set.copyOf(ends);
      ends.clear();
    }
    now.forEach(Runnable::run);
  }

  /** The registration of an open call; the call closes it when it ends. */
  @FunctionalInterface
  public interface Waiting extends AutoCloseable {
    @Override
    void close();
  }
}
