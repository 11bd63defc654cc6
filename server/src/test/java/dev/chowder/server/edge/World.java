package dev.chowder.server.edge;

import java.util.HashMap;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Whom and what a {@link WholeServer} knows: keys and instances' ids, by the names that rows use.
 */
final class World {
  private static final Pattern NAME = Pattern.compile("\\{([a-z_]+)}");

  private final Map<String, String> known = new HashMap<>();

  void put(String name, String value) {
    known.put(name, value);
  }

  String get(String name) {
    var value = known.get(name);
    if (value == null) throw new IllegalArgumentException("unknown: " + name);
    return value;
  }

  /** The text with every name in braces replaced by what it stands for; others stay. */
  String fill(String text) {
    return NAME.matcher(text)
        .replaceAll(
            found -> Matcher.quoteReplacement(known.getOrDefault(found.group(1), found.group())));
  }
}
