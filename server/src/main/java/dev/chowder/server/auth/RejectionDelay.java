package dev.chowder.server.auth;

import java.time.Duration;
import java.util.concurrent.Semaphore;
import java.util.concurrent.ThreadLocalRandom;

/**
 * Delays rejections: a client that ignores Retry-After would otherwise be rejected as fast as the
 * node can. Each delay is random, so that clients that came together do not return together. Each
 * takes a virtual thread; beyond the limit there is no delay.
 */
public final class RejectionDelay {
  private static final double SHORTEST = 0.5;

  private final Duration most;
  private final Semaphore permits;

  /**
   * Creates one for a node.
   *
   * @param most the longest delay; each takes half of it at least
   * @param maxDelayed how many wait at once
   */
  public RejectionDelay(Duration most, int maxDelayed) {
    this.most = most;
    this.permits = new Semaphore(maxDelayed);
  }

  /** Returns after the delay, or at once if too many wait already. */
  public void await() {
    if (!permits.tryAcquire()) return;
    try {
      double part = ThreadLocalRandom.current().nextDouble(SHORTEST, 1);
      Thread.sleep(Duration.ofNanos((long) (most.toNanos() * part)));
    } catch (InterruptedException end) {
      Thread.currentThread().interrupt();
    } finally {
      permits.release();
    }
  }
}
