package dev.chowder.server.edge;

import java.util.HashMap;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** The keys and instance ids of a {@link WholeServer}, by the names that rows use. */
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

  /** Replaces every known name in braces; keeps unknown ones. */
  String fill(String text) {
    return NAME.matcher(text)
        .replaceAll(
            found -> Matcher.quoteReplacement(known.getOrDefault(found.group(1), found.group())));
  }
}
