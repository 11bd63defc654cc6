package dev.chowder.effect;

import java.util.Collection;
import java.util.Collections;
import java.util.IdentityHashMap;
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
   * Returns when all items were treated, with those that were not treated to the end. Each that
   * failed has left a line in the log. An interrupt interrupts those under way. Those that it kept
   * from beginning are returned, too: a caller must not take a part for the whole.
   *
   * @param what an item is, for the log, such as {@code sandbox}
   * @param atOnce how many are treated at once
   * @param action bounds its own time, and heeds an interrupt
   */
  public static <T> List<T> run(
      String what, Collection<T> items, int atOnce, Consumer<? super T> action) {
    if (items.isEmpty()) return List.of();
    var done = Collections.<T>synchronizedSet(Collections.newSetFromMap(new IdentityHashMap<>()));
    try (var threads = Executors.newFixedThreadPool(atOnce, Thread.ofVirtual().factory())) {
      for (var item : items) {
        threads.execute(
            () -> {
              try {
                action.accept(item);
                done.add(item);
              } catch (RuntimeException why) {
                LOG.warn("{}={} event=unknown-for-now: {}", what, item, why.toString());
              }
            });
      }
    }
    return items.stream().filter(item -> !done.contains(item)).toList();
  }
}
