package dev.chowder.server.watch;

import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * How far a watch has told what is in a journal whose entries may come to be seen in another order
 * than they are numbered. It goes by how long it has seen an entry itself: what a node's clock said
 * when it wrote that is no measure, since clocks differ and are set.
 */
final class WatchProgress {
  private final long settleNanos;
  private final int mostOpen;

  /** Everything up to here was told, and nothing can appear before it any more. */
  private long upTo;

  /** Beyond that, what was told already, and since when it is seen. */
  private Map<Long, Long> beyond = Map.of();

  /**
   * Begins there.
   *
   * @param settle how long after an entry one before it may still appear
   * @param mostOpen no entry is overtaken by so many: what is beyond has settled, too
   */
  WatchProgress(long upTo, Duration settle, int mostOpen) {
    this.upTo = upTo;
    this.settleNanos = settle.toNanos();
    this.mostOpen = mostOpen;
  }

  long upTo() {
    return upTo;
  }

  boolean knows(long ordering) {
    return ordering <= upTo || beyond.containsKey(ordering);
  }

  /**
   * All that was there beyond {@link #upTo} is told now.
   *
   * @param orderings ascending
   * @param began when the look for them began, in nanoseconds
   * @param ended when it ended: what is new was seen by then at the latest
   */
  void all(List<Long> orderings, long began, long ended) {
    var next = new HashMap<Long, Long>();
    int open = Math.max(0, orderings.size() - mostOpen);
    for (long ordering : orderings.subList(0, open)) upTo = ordering;
    for (long ordering : orderings.subList(open, orderings.size())) {
      long seen = beyond.getOrDefault(ordering, ended);
      if (next.isEmpty() && began - seen >= settleNanos) {
        upTo = ordering;
      } else {
        next.put(ordering, seen);
      }
    }
    beyond = next;
  }
}
