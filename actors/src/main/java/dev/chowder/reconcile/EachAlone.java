package dev.chowder.reconcile;

import java.util.Collection;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.concurrent.Executors;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Runs an action for each item, a few at once. An item that fails or hangs does not delay the
 * others. Does not know what the action does.
 */
public final class EachAlone {
  private static final Logger LOG = LoggerFactory.getLogger(EachAlone.class);

  private EachAlone() {}

  /**
   * Runs the action for all items and returns the items for which it did not complete. Logs each
   * failure. An interrupt interrupts the running actions. Items that it kept from starting are
   * returned too, so that the caller knows that the result is partial.
   *
   * @param what kind of the items, for the log, such as {@code sandbox}
   * @param atOnce maximum number of concurrent actions
   * @param action the action, which must bound its own time and react to an interrupt
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
              } catch (RuntimeException | Error why) {
                LOG.warn("{}={} event=unknown-for-now: {}", what, item, why.toString());
              }
            });
      }
    }
    return items.stream().filter(item -> !done.contains(item)).toList();
  }
}
