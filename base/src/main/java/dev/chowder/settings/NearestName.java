package dev.chowder.settings;

import java.util.Collection;
import java.util.Comparator;
import java.util.Optional;

/** Finds the name that the writer of a wrong one may have meant. */
public final class NearestName {
  private NearestName() {}

  /**
   * Returns the name with the fewest characters to insert, remove or replace, the first in
   * alphabetical order of several.
   *
   * @param names not empty
   */
  public static String of(String wrong, Collection<String> names) {
    return names.stream()
        .sorted()
        .min(Comparator.comparingInt(name -> distance(wrong, name)))
        .orElseThrow();
  }

  /**
   * Returns the nearest name if a typing error may explain the wrong one: at most two characters
   * differ, and at most half of them.
   */
  public static Optional<String> similar(String wrong, Collection<String> names) {
    int most = Math.min(2, wrong.length() / 2);
    return names.isEmpty()
        ? Optional.empty()
        : Optional.of(of(wrong, names)).filter(name -> distance(wrong, name) <= most);
  }

  /** Returns the Levenshtein distance. */
  private static int distance(String one, String other) {
    var before = new int[other.length() + 1];
    for (int column = 0; column < before.length; column++) before[column] = column;
    for (int row = 1; row <= one.length(); row++) {
      var now = new int[before.length];
      now[0] = row;
      for (int column = 1; column < now.length; column++) {
        int replaced = one.charAt(row - 1) == other.charAt(column - 1) ? 0 : 1;
        int changed = Math.min(before[column], now[column - 1]) + 1;
        now[column] = Math.min(changed, before[column - 1] + replaced);
      }
      before = now;
    }
    return before[other.length()];
  }
}
