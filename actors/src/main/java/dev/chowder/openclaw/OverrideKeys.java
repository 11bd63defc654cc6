package dev.chowder.openclaw;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;

/**
 * The two ways to name a setting, nested objects and dotted keys, brought into one: nested objects.
 * Only keys of the outermost object are split: below, a dot is part of a name, as in {@code
 * "claude-3.5"}.
 */
final class OverrideKeys {
  /** Names that mean something else than a member to the JavaScript that reads the file. */
  private static final Set<String> NEVER_A_NAME = Set.of("__proto__", "prototype", "constructor");

  /** OpenClaw replaces such an object by another file's content, unseen by any check of ours. */
  private static final String INCLUDE = "$include";

  private OverrideKeys() {}

  static ObjectNode nested(ObjectNode given, int maxDepth) {
    var result = JsonNodeFactory.instance.objectNode();
    for (var entry : given.properties()) {
      var path = split(entry.getKey());
      JsonNode value = entry.getValue();
      for (var name : path.reversed()) {
        value = JsonNodeFactory.instance.objectNode().set(name, value);
      }
      unite(result, (ObjectNode) value, List.of());
    }
    check(result, List.of(), 1, maxDepth);
    return result;
  }

  static List<String> split(String key) {
    var names = new ArrayList<String>();
    var name = new StringBuilder();
    for (int i = 0; i < key.length(); i++) {
      char c = key.charAt(i);
      if (c == '\\' && i + 1 < key.length() && key.charAt(i + 1) == '.') {
        name.append('.');
        i++;
      } else if (c == '.') {
        names.add(name.toString());
        name.setLength(0);
      } else {
        name.append(c);
      }
    }
    names.add(name.toString());
    if (names.contains("")) {
      throw new OverrideRefusedException(new OverrideRefusal.BadKey(key, "an empty name"));
    }
    return names;
  }

  /** A path as it could be given as a key. */
  static String path(List<String> names) {
    return String.join(".", names.stream().map(name -> name.replace(".", "\\.")).toList());
  }

  static List<String> under(List<String> names, String name) {
    var deeper = new ArrayList<>(names);
    deeper.add(name);
    return deeper;
  }

  private static void unite(ObjectNode into, ObjectNode more, List<String> at) {
    for (var entry : more.properties()) {
      var name = entry.getKey();
      var before = into.get(name);
      if (before == null) {
        into.set(name, entry.getValue());
      } else if (before instanceof ObjectNode a && entry.getValue() instanceof ObjectNode b) {
        unite(a, b, under(at, name));
      } else if (!before.equals(entry.getValue())) {
        throw new OverrideRefusedException(new OverrideRefusal.SaidTwice(path(under(at, name))));
      }
    }
  }

  private static void check(JsonNode node, List<String> at, int depth, int maxDepth) {
    switch (node) {
      case ObjectNode object -> {
        checkDepth(at, depth, maxDepth);
        for (var entry : object.properties()) {
          var here = under(at, entry.getKey());
          if (NEVER_A_NAME.contains(entry.getKey()) || entry.getKey().equals(INCLUDE)) {
            throw new OverrideRefusedException(
                new OverrideRefusal.BadKey(path(here), "a reserved name"));
          }
          check(entry.getValue(), here, depth + 1, maxDepth);
        }
      }
      case ArrayNode array -> {
        checkDepth(at, depth, maxDepth);
        for (int i = 0; i < array.size(); i++) {
          check(array.get(i), under(at, Integer.toString(i)), depth + 1, maxDepth);
        }
      }
      default -> {}
    }
  }

  private static void checkDepth(List<String> at, int depth, int maxDepth) {
    if (depth > maxDepth) {
      throw new OverrideRefusedException(new OverrideRefusal.TooDeep(path(at), maxDepth));
    }
  }
}
