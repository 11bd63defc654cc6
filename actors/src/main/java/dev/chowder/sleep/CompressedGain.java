package dev.chowder.sleep;

import java.time.Duration;

/**
 * Remembers how much compressed memory the ends of paged-out gateways freed. The end of a gateway
 * whose memory is on a disk frees nearly none, so that its end would be in vain. Not thread-safe.
 */
final class CompressedGain {
  /**
   * An end that frees less compressed memory than this found the gateway on a disk. From zram, a
   * gateway frees about 0.4 GB.
   */
  static final long LEAST = 100L << 20;

  /** Number of ends in a row with less gain, after which no paged-out gateway ends for a time. */
  private static final int POOR_ENDS = 2;

  /** This time. Otherwise repeated ends would reach all of them. */
  private static final Duration POOR_PAUSE = Duration.ofMinutes(10);

  private int poorEnds;
  private long poorUntil;

  /** Returns whether a further end of a paged-out gateway can free memory. */
  boolean isLikely(long compressedBytes) {
    return compressedBytes >= LEAST && (poorEnds < POOR_ENDS || System.nanoTime() - poorUntil >= 0);
  }

  /** Records how much compressed memory an end freed. */
  void add(long bytes) {
    poorEnds = bytes < LEAST ? poorEnds + 1 : 0;
    if (poorEnds >= POOR_ENDS) poorUntil = System.nanoTime() + POOR_PAUSE.toNanos();
  }
}
