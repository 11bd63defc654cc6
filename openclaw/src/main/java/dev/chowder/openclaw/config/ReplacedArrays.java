package dev.chowder.openclaw.config;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;

/**
 * Finds the arrays that a merge patch replaces or removes. OpenClaw replaces an array as a merge
 * patch requires only if a call names it. Otherwise it merges entries by their id, and rejects a
 * patch that shortens an array.
 */
public final class ReplacedArrays {
  private ReplacedArrays() {}

  public static Set<String> of(ObjectNode patch, JsonNode current) {
    var paths = new TreeSet<String>();
    collect(patch, current, List.of(), paths);
    return paths;
  }

  private static void collect(
      ObjectNode patch, JsonNode current, List<String> at, Set<String> paths) {
    for (var entry : patch.properties()) {
      var here = OverrideKeys.under(at, entry.getKey());
      var before = current.path(entry.getKey());
      switch (entry.getValue()) {
        case ObjectNode inner when before.isObject() || before.isMissingNode() ->
            collect(inner, before, here, paths);
        case ArrayNode _ -> paths.add(String.join(".", here));
        case JsonNode _ -> removed(before, here, paths);
      }
    }
  }

  private static void removed(JsonNode node, List<String> at, Set<String> paths) {
    switch (node) {
      case ArrayNode _ -> paths.add(String.join(".", at));
      case ObjectNode object ->
          object
              .properties()
              .forEach(
                  entry ->
                      removed(entry.getValue(), OverrideKeys.under(at, entry.getKey()), paths));
      default -> {}
    }
  }
}
