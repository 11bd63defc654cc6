package dev.chowder.openclaw.config;

import static dev.chowder.base.ErrorText.rule;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;

/**
 * Converts dotted keys to nested objects. Splits only keys of the outermost object. Below it, a dot
 * is part of a name, as in {@code "claude-3.5"}.
 */
final class OverrideKeys {
  /** Names with a special meaning in JavaScript, which reads the file. */
  private static final Set<String> RESERVED_NAMES = Set.of("__proto__", "prototype", "constructor");

  /**
   * OpenClaw replaces such an object by the content of another file, which Chowder cannot check.
   */
  private static final String INCLUDE = "$include";

  private OverrideKeys() {}

  static ObjectNode nested(ObjectNode given, int maxDepth) {
    var result = JsonNodeFactory.instance.objectNode();
    for (var entry : given.properties()) {
      var path = split(entry.getKey());
      // Before the merge, which takes a frame of the stack for each name.
      checkDepth(path.subList(0, Math.min(path.size(), maxDepth)), path.size(), maxDepth);
      JsonNode value = entry.getValue();
      for (var name : path.reversed()) {
        value = JsonNodeFactory.instance.objectNode().set(name, value);
      }
      merge(result, (ObjectNode) value, List.of());
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
      var problem = rule("be names joined by dots, with \\. for a dot in a name", "an empty name");
      throw new OverrideRefusedException(new OverrideRefusal(key, problem));
    }
    return names;
  }

  /** Returns a path as a dotted key. */
  static String path(List<String> names) {
    return String.join(".", names.stream().map(name -> name.replace(".", "\\.")).toList());
  }

  static List<String> under(List<String> names, String name) {
    var deeper = new ArrayList<>(names);
    deeper.add(name);
    return deeper;
  }

  static OverrideRefusedException refused(List<String> names, String problem) {
    return new OverrideRefusedException(new OverrideRefusal(path(names), problem));
  }

  private static void merge(ObjectNode into, ObjectNode more, List<String> at) {
    for (var entry : more.properties()) {
      var name = entry.getKey();
      var before = into.get(name);
      if (before == null) {
        into.set(name, entry.getValue());
      } else if (before instanceof ObjectNode a && entry.getValue() instanceof ObjectNode b) {
        merge(a, b, under(at, name));
      } else if (!before.equals(entry.getValue())) {
        throw refused(
            under(at, name), rule("be given once, as a nested object or as a path", "two values"));
      }
    }
  }

  private static void check(JsonNode node, List<String> at, int depth, int maxDepth) {
    switch (node) {
      case ObjectNode object -> {
        checkDepth(at, depth, maxDepth);
        for (var entry : object.properties()) {
          var here = under(at, entry.getKey());
          if (RESERVED_NAMES.contains(entry.getKey()) || entry.getKey().equals(INCLUDE)) {
            throw refused(here, rule("not be a reserved name"));
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
      throw refused(at, rule("have at most " + maxDepth + " levels of objects and arrays"));
    }
  }
}
