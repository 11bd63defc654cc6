package dev.chowder.rows;

import dev.chowder.rows.RowKind.Outcome;
import dev.chowder.rows.RowKind.Result;
import dev.chowder.storage.Paging;
import dev.chowder.storage.ReadModelAudit.JournalRange;
import java.time.InstantSource;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;
import java.util.stream.Gatherers;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Repairs stale and missing rows: a node may have stopped between an event and its row, or the
 * database may have been unavailable. The first pass, and the first after the loss of a node,
 * compares all rows with the journal. The others read only the events since the previous pass. Only
 * one thread of one node may call it at a time.
 */
public final class RowRepair {
  private static final Logger LOG = LoggerFactory.getLogger(RowRepair.class);

  private final RowKind kind;
  private final RowSettings settings;
  private final InstantSource clock;

  /**
   * Whether the next pass compares all rows. Only a lost node leaves many stale rows, or old ones.
   */
  private volatile boolean everything = true;

  /** The journal ordering up to which rows were checked. */
  private long checked;

  /** Ids of the entities that did not reply, least recently requested first. */
  private final Set<String> retries = new LinkedHashSet<>();

  public RowRepair(RowKind kind, RowSettings settings, InstantSource clock) {
    this.kind = kind;
    this.settings = settings;
    this.clock = clock;
  }

  /**
   * Makes the next pass compare all rows: the lost node may have left rows unwritten. Any thread
   * may call this.
   */
  public void onNodeLost() {
    everything = true;
  }

  /**
   * Makes every entity with a stale row write it again. Entities that did not reply before are left
   * to {@link #checkAgain}.
   */
  public void check() {
    // Newer events may not be visible yet, and so may events with a lower ordering.
    long upTo = kind.rows().newest(clock.instant().minus(settings.minAge()));
    int repaired = 0;
    if (everything) {
      // Cleared before the query, so that a node that is lost meanwhile causes another full pass.
      everything = false;
      try {
        repaired += repair(after -> kind.rows().stale(settings.maxBatchSize(), after));
      } catch (RuntimeException why) {
        everything = true;
        throw why;
      }
    } else if (upTo > checked) {
      var since = new JournalRange(checked, upTo);
      repaired += repair(after -> kind.rows().stale(since, settings.maxBatchSize(), after));
    }
    checked = upTo;
    log(repaired);
  }

  /**
   * Retries the entities that did not reply before. Stops after the first group of concurrent
   * requests without any reply. Therefore entities that never reply delay a pass by one timeout, no
   * matter how many they are. A group with some replies also delays the pass by one timeout, but
   * only once, since the entities that replied are not retried.
   */
  public void checkAgain() {
    int repaired = 0;
    for (var group :
        retries.stream().gather(Gatherers.windowFixed(settings.maxConcurrent())).toList()) {
      retries.removeAll(group);
      int before = retries.size();
      repaired += repair(group);
      if (retries.size() == before + group.size()) break;
    }
    log(repaired);
  }

  private void log(int repaired) {
    if (repaired > 0) LOG.info("{}={} stale rows repaired", kind.name(), repaired);
  }

  private int repair(Function<Optional<String>, List<String>> stale) {
    return Paging.pages(settings.maxBatchSize(), stale, Function.identity())
        .mapToInt(page -> repair(page.stream().filter(id -> !retries.contains(id)).toList()))
        .sum();
  }

  /**
   * Makes these entities write their rows and keeps those that did not reply for a retry. Returns
   * how many rows are current now.
   */
  private int repair(List<String> ids) {
    var results = kind.refresh(ids, settings.maxConcurrent());
    results.stream()
        .filter(one -> one.outcome() == Outcome.NO_ANSWER)
        .map(Result::id)
        .forEach(retries::add);
    return (int) results.stream().filter(one -> one.outcome() == Outcome.STORED).count();
  }
}
