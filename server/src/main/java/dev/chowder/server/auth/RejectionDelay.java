package dev.chowder.server.auth;

import java.time.Duration;
import java.util.concurrent.Semaphore;
import java.util.concurrent.ThreadLocalRandom;

/**
 * Delays rejections. A client that ignores Retry-After would otherwise repeat its calls as fast as
 * the node rejects them. Each delay is random, so that clients that were rejected together do not
 * retry together. Each delay occupies a virtual thread; above the limit there is no delay.
 */
public final class RejectionDelay {
  private static final double SHORTEST = 0.5;

  private final Duration longest;
  private final Semaphore permits;

  /**
   * Creates the delay of a node.
   *
   * @param longest the longest delay; each delay is at least half of it
   * @param maxDelayed maximum number of rejections that are delayed at once
   */
  public RejectionDelay(Duration longest, int maxDelayed) {
    this.longest = longest;
    this.permits = new Semaphore(maxDelayed);
  }

  /** Waits for the delay, or returns at once if too many rejections are already delayed. */
  public void await() {
    if (!permits.tryAcquire()) return;
    try {
      double part = ThreadLocalRandom.current().nextDouble(SHORTEST, 1);
      Thread.sleep(Duration.ofNanos((long) (longest.toNanos() * part)));
    } catch (InterruptedException end) {
      Thread.currentThread().interrupt();
    } finally {
      permits.release();
    }
  }
}
