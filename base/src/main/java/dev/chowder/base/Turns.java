package dev.chowder.base;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.stream.Collectors;

/**
 * Orders items so that their groups take turns, also across several lists: the group whose last
 * turn is longest ago comes first. Does not know what a turn is for.
 */
public final class Turns {
  /** The number of the last turn of each group that had one. */
  private final Map<String, Long> last = new HashMap<>();

  private long turns;

  private record Numbered<T>(T item, int number, long lastTurn) {}

  /**
   * Returns the first item of each group, then the second one of each, and so on. Each group keeps
   * its own order. Forgets the turns of groups without an item.
   */
  public synchronized <T> List<T> order(List<T> items, Function<T, String> group) {
    last.keySet().retainAll(items.stream().map(group).collect(Collectors.toSet()));
    var counts = new HashMap<String, Integer>();
    var numbered = new ArrayList<Numbered<T>>();
    for (var item : items) {
      var name = group.apply(item);
      int number = counts.merge(name, 1, Integer::sum);
      numbered.add(new Numbered<>(item, number, last.getOrDefault(name, 0L)));
    }
    numbered.sort(
        Comparator.<Numbered<T>>comparingInt(Numbered::number)
            .thenComparingLong(Numbered::lastTurn));
    return numbered.stream().map(Numbered::item).toList();
  }

  /** Records a turn of a group. */
  public synchronized void took(String group) {
    last.put(group, ++turns);
  }
}
