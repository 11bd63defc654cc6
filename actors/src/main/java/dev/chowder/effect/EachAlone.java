package dev.chowder.effect;

import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.Executors;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Treats each of many items by itself, a few at once: one that fails or hangs keeps no other from
 * its turn. Knows nothing of what is done.
 */
public final class EachAlone {
  private static final Logger LOG = LoggerFactory.getLogger(EachAlone.class);

  private EachAlone() {}

  /**
   * Returns when all items were treated, with those that failed; each has left a line in the log.
   * An interrupt interrupts those under way, and the rest is not begun.
   *
   * @param what an item is, for the log, such as {@code sandbox}
   * @param atOnce how many are treated at once
   * @param action bounds its own time, and heeds an interrupt
   */
  public static <T> List<T> run(
      String what, Collection<T> items, int atOnce, Consumer<? super T> action) {
    if (items.isEmpty()) return List.of();
    var failed = Collections.synchronizedList(new ArrayList<T>());
    try (var threads = Executors.newFixedThreadPool(atOnce, Thread.ofVirtual().factory())) {
      for (var item : items) {
        threads.execute(
            () -> {
              try {
                action.accept(item);
              } catch (RuntimeException why) {
                failed.add(item);
                LOG.warn("{}={} event=unknown-for-now: {}", what, item, why.toString());
              }
            });
      }
    }
    return List.copyOf(failed);
  }
}
