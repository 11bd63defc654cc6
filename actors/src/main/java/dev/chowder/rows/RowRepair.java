package dev.chowder.rows;

import dev.chowder.rows.RowKind.Asked;
import dev.chowder.rows.RowKind.Outcome;
import dev.chowder.storage.JournaledRows.Stretch;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;
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
  private long looked;

  /** Those who were asked and did not answer. */
  private final List<String> again = new ArrayList<>();

  public RowRepair(RowKind kind, RowSettings settings, InstantSource clock) {
    this.kind = kind;
    this.settings = settings;
    this.clock = clock;
  }

  /** A node is gone: what its entities were at, nobody does. By any thread. */
  public void nodeGone() {
    everything = true;
  }

  /** Has every entity write its row whose row is found to be behind. */
  public void look() {
    // What is younger may be on its way still, and so may be what was numbered before it.
    long upTo = kind.rows().newest(clock.instant().minus(settings.settle()));
    var late = List.copyOf(again);
    again.clear();
    int repaired = repair(late);
    if (everything) {
      // Before the look: a node that goes meanwhile is a reason for another one.
      everything = false;
      try {
        repaired += repair(after -> kind.rows().behind(settings.batch(), after));
      } catch (RuntimeException why) {
        everything = true;
        throw why;
      }
    } else if (upTo > looked) {
      var since = new Stretch(looked, upTo);
      repaired += repair(after -> kind.rows().behind(since, settings.batch(), after));
    }
    looked = upTo;
    if (repaired > 0) LOG.info("{}={} had rows behind the journal", kind.name(), repaired);
  }

  private int repair(Function<Optional<String>, List<String>> behind) {
    int repaired = 0;
    var after = Optional.<String>empty();
    while (true) {
      var page = behind.apply(after);
      repaired += repair(page);
      if (page.size() < settings.batch()) return repaired;
      after = Optional.of(page.getLast());
    }
  }

  /**
   * How many of them have a row that is right now; who did not answer is asked by the next look.
   */
  private int repair(List<String> ids) {
    var asked = kind.ask(ids, settings.concurrent());
    asked.stream()
        .filter(one -> one.outcome() == Outcome.NO_ANSWER)
        .map(Asked::id)
        .forEach(again::add);
    return (int) asked.stream().filter(one -> one.outcome() == Outcome.STORED).count();
  }
}
