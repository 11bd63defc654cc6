package dev.chowder.rows;

import dev.chowder.rows.RowKind.Asked;
import dev.chowder.rows.RowKind.Outcome;
import dev.chowder.storage.ReadModelAudit.Stretch;
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
 * Makes good what kept entities from writing their rows: a node that died between an event and its
 * row, or a database that was away. The first look, and the first after a node was lost, compares
 * all rows with the journal; the others read what was written since the one before. For one thread
 * of one node at a time.
 */
public final class RowRepair {
  private static final Logger LOG = LoggerFactory.getLogger(RowRepair.class);

  private final RowKind kind;
  private final RowSettings settings;
  private final InstantSource clock;

  /** Only a node that died leaves many rows behind, or old ones. */
  private volatile boolean everything = true;

  /** The ordering up to which was looked. */
  private long checked;

  /** Ids of the entities that were asked and did not answer, the one asked longest ago first. */
  private final Set<String> retries = new LinkedHashSet<>();

  public RowRepair(RowKind kind, RowSettings settings, InstantSource clock) {
    this.kind = kind;
    this.settings = settings;
    this.clock = clock;
  }

  /** A node is gone: what its entities were at, nobody does. By any thread. */
  public void nodeGone() {
    everything = true;
  }

  /**
   * Has every entity write its row whose row is found to be behind. Entities that did not answer
   * before are left to {@link #checkAgain}.
   */
  public void check() {
    // What is younger may be on its way still, and so may be what was numbered before it.
    long upTo = kind.rows().newest(clock.instant().minus(settings.settle()));
    int repaired = 0;
    if (everything) {
      // Before the look: a node that goes meanwhile is a reason for another one.
      everything = false;
      try {
        repaired += repair(after -> kind.rows().behind(settings.batch(), after));
      } catch (RuntimeException why) {
        everything = true;
        throw why;
      }
    } else if (upTo > checked) {
      var since = new Stretch(checked, upTo);
      repaired += repair(after -> kind.rows().behind(since, settings.batch(), after));
    }
    checked = upTo;
    log(repaired);
  }

  /**
   * Asks the entities that did not answer before. Ends with the first group that is asked at once
   * and has none that answers: entities that never answer delay a pass by one timeout, no matter
   * how many they are. A group of which some answer delays it by one timeout, too, but only once,
   * since those that answered are not asked again.
   */
  public void checkAgain() {
    int repaired = 0;
    for (var group :
        retries.stream().gather(Gatherers.windowFixed(settings.concurrent())).toList()) {
      retries.removeAll(group);
      int before = retries.size();
      repaired += repair(group);
      if (retries.size() == before + group.size()) break;
    }
    log(repaired);
  }

  private void log(int repaired) {
    if (repaired > 0) LOG.info("{}={} had rows behind the journal", kind.name(), repaired);
  }

  private int repair(Function<Optional<String>, List<String>> behind) {
    int repaired = 0;
    var after = Optional.<String>empty();
    while (true) {
      var page = behind.apply(after);
      repaired += repair(page.stream().filter(id -> !retries.contains(id)).toList());
      if (page.size() < settings.batch()) return repaired;
      after = Optional.of(page.getLast());
    }
  }

  /** Returns how many of them have a current row now; those that did not answer are kept. */
  private int repair(List<String> ids) {
    var asked = kind.ask(ids, settings.concurrent());
    asked.stream()
        .filter(one -> one.outcome() == Outcome.NO_ANSWER)
        .map(Asked::id)
        .forEach(retries::add);
    return (int) asked.stream().filter(one -> one.outcome() == Outcome.STORED).count();
  }
}
