package dev.chowder.instance;

import java.util.Map;
import java.util.TreeMap;

/** Rules for the labels of an instance. The gRPC edge checks their keys and values. */
public final class Labels {
  /**
   * The most labels after a change, as the protocol states. Instances of older versions may have
   * more.
   */
  public static final int MAX = 64;

  private Labels() {}

  /** Returns the labels after a change, in which an empty value removes a label. */
  public static Map<String, String> merge(Map<String, String> old, Map<String, String> changes) {
    var merged = new TreeMap<>(old);
    changes.forEach(
        (key, value) -> {
          if (value.isEmpty()) merged.remove(key);
          else merged.put(key, value);
        });
    return merged;
  }

  /**
   * Returns whether a change leaves too many labels. The labels of an instance that already had too
   * many can change, but not become more.
   */
  static boolean areTooMany(Map<String, String> old, Map<String, String> changed) {
    return changed.size() > Math.max(MAX, old.size());
  }
}
