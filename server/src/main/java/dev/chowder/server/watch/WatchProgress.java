package dev.chowder.server.watch;

import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * Tracks which journal entries a watch has sent. Entries can become visible out of order, so an
 * entry is final once this watch has seen it for {@code settle}. Does not use the timestamps of
 * nodes, because their clocks differ and can be set.
 */
final class WatchProgress {
  private final long settleNanos;
  private final int mostOpen;

  /** All entries up to this one were sent, and none can appear before it any longer. */
  private long upTo;

  /** The later entries that were sent, each with the time at which this watch first saw it. */
  private Map<Long, Long> beyond = Map.of();

  /**
   * Creates a progress that has sent all entries up to {@code upTo}.
   *
   * @param settle time after which no entry with a lower number can appear
   * @param mostOpen maximum number of entries that are not final; beyond it the oldest are final,
   *     because no entry appears that late
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
   * Records that all visible entries beyond {@link #upTo} were sent.
   *
   * @param orderings their numbers, ascending
   * @param began when the query for them began, in nanoseconds
   * @param ended when the query ended, the latest time at which new entries became visible
   */
  void sent(List<Long> orderings, long began, long ended) {
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
