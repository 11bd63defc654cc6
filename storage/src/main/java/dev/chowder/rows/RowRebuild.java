package dev.chowder.rows;

import java.time.Duration;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Makes every entity that the journal names write its row again, while the system runs, even if the
 * row looks correct. Removes rows that no entity owns. Keeps each existing row until it is
 * overwritten, so lists are never incomplete.
 */
public record RowRebuild(RowSettings settings) {
  private static final Logger LOG = LoggerFactory.getLogger(RowRebuild.class);

  /**
   * The result of a rebuild.
   *
   * @param stored number of rows that were written
   * @param removed number of rows that no entity owned
   * @param unanswered number of entities that did not reply; their rows are unchanged
   */
  public record Done(int stored, int removed, int unanswered) {}

  /** Rebuilds the rows of one kind. Blocks until it is done; stops when it is interrupted. */
  public Done rebuild(RowKind kind) throws InterruptedException {
    int stored = 0;
    int removed = 0;
    int unanswered = 0;
    var after = Optional.<String>empty();
    while (true) {
      long began = System.nanoTime();
      var page = kind.rows().named(settings.maxBatchSize(), after);
      if (!page.isEmpty()) kind.rows().resetFutureRevisions(after, page.getLast());
      for (var one : kind.refresh(page, settings.maxConcurrent())) {
        switch (one.outcome()) {
          case STORED -> stored++;
          case HAS_NONE -> removed += remove(kind, one.id());
          case NO_ANSWER -> unanswered++;
        }
      }
      if (page.size() < settings.maxBatchSize()) break;
      after = Optional.of(page.getLast());
      throttle(page.size(), began);
    }
    LOG.info(
        "{}={} rows rebuilt removed={} unanswered={}", kind.name(), stored, removed, unanswered);
    return new Done(stored, removed, unanswered);
  }

  /**
   * Removes a row without an owner. An entity without a row never gets one: its id is a tombstone,
   * or no request created it.
   */
  private static int remove(RowKind kind, String id) {
    if (!kind.rows().remove(id)) return 0;
    LOG.warn("{} id={} event=row-removed: no entity owns it", kind.name(), id);
    return 1;
  }

  /** Waits so that a page takes at least its share of a second. */
  private void throttle(int requests, long began) throws InterruptedException {
    var due = Duration.ofSeconds(1).multipliedBy(requests).dividedBy(settings.perSecond());
    var left = due.minusNanos(System.nanoTime() - began);
    Thread.sleep(left.isPositive() ? left : Duration.ZERO);
  }
}
