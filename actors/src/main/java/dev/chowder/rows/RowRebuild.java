package dev.chowder.rows;

import java.time.Duration;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Has every entity that the journal knows write its row anew, while everything runs: also over one
 * that looks right, and where there is none. A row of nobody is removed. No row is taken away to be
 * written again, so lists are never shorter than they should be.
 */
public final class RowRebuild {
  private static final Logger LOG = LoggerFactory.getLogger(RowRebuild.class);

  private final RowSettings settings;

  public RowRebuild(RowSettings settings) {
    this.settings = settings;
  }

  /**
   * What was done.
   *
   * @param stored rows that were written
   * @param removed rows that nobody had written
   * @param unanswered entities that did not answer: their rows are as before
   */
  public record Done(int stored, int removed, int unanswered) {}

  /** Blocks as long as it takes; when it is interrupted it ends. */
  public Done rebuild(RowKind kind) throws InterruptedException {
    int stored = 0;
    int removed = 0;
    int unanswered = 0;
    var after = Optional.<String>empty();
    while (true) {
      long began = System.nanoTime();
      var page = kind.rows().named(settings.batch(), after);
      if (!page.isEmpty()) kind.rows().resetFutureRevisions(after, page.getLast());
      for (var one : kind.ask(page, settings.concurrent())) {
        switch (one.outcome()) {
          case STORED -> stored++;
          case HAS_NONE -> removed += remove(kind, one.id());
          case NO_ANSWER -> unanswered++;
        }
      }
      if (page.size() < settings.batch()) break;
      after = Optional.of(page.getLast());
      rest(page.size(), began);
    }
    LOG.info(
        "{}={} rows written anew removed={} unanswered={}",
        kind.name(),
        stored,
        removed,
        unanswered);
    return new Done(stored, removed, unanswered);
  }

  /** An entity that has no row never will: its birth was forbidden, or nobody asked for it. */
  private static int remove(RowKind kind, String id) {
    if (!kind.rows().remove(id)) return 0;
    LOG.warn("{} id={} event=row-removed: nobody's", kind.name(), id);
    return 1;
  }

  /** So that a page takes no less time than its share of a second. */
  private void rest(int asked, long began) throws InterruptedException {
    var due = Duration.ofSeconds(1).multipliedBy(asked).dividedBy(settings.perSecond());
    var left = due.minusNanos(System.nanoTime() - began);
    Thread.sleep(left.isPositive() ? left : Duration.ZERO);
  }
}
