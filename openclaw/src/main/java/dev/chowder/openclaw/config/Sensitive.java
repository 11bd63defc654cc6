package dev.chowder.openclaw.config;

import static dev.chowder.base.ErrorText.rule;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.databind.node.TextNode;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.regex.Pattern;

/**
 * Finds and masks the secrets in a configuration, by the names of their settings. Masks too many
 * values rather than too few.
 */
final class Sensitive {
  static final String MASK = "***";

  /** The last word of a name decides: {@code botToken} is a secret, {@code maxTokens} is not. */
  private static final Pattern NAME =
      Pattern.compile(
          "(?i).*(token|password|passwd|passphrase|secret|credentials?|cookie|authorization|"
              + "auth[_-]?tag|service[_-]?account|webhook[_-]?url|"
              + "(api|private|access|signing|encrypt|encryption|shared|license|client|account)"
              + "[_-]?key)");

  /** Environments and HTTP headers, in which every value may be a secret. */
  private static final Set<String> CONTAINERS = Set.of("env", "vars", "headers", "environment");

  /** Each part ends at a character that it cannot contain, so that no part is read twice. */
  private static final Pattern URL_WITH_PASSWORD =
      Pattern.compile("[a-zA-Z][a-zA-Z0-9+.-]*+://[^/@:\\s]*+:[^/@\\s]++@.*+", Pattern.DOTALL);

  private Sensitive() {}

  static boolean isSensitiveName(String name) {
    return NAME.matcher(name).matches();
  }

  /** Returns a copy with {@link #MASK} for every secret. */
  static ObjectNode masked(ObjectNode object) {
    return (ObjectNode) masked(object, false);
  }

  private static JsonNode masked(JsonNode node, boolean secret) {
    return switch (node) {
      case ObjectNode object -> {
        var result = JsonNodeFactory.instance.objectNode();
        object
            .properties()
            .forEach(
                entry ->
                    result.set(
                        entry.getKey(), masked(entry.getValue(), secret || hides(entry.getKey()))));
        yield result;
      }
      case ArrayNode array -> {
        var result = JsonNodeFactory.instance.arrayNode();
        array.forEach(element -> result.add(masked(element, secret)));
        yield result;
      }
      case TextNode text when secret || URL_WITH_PASSWORD.matcher(text.textValue()).matches() ->
          TextNode.valueOf(MASK);
      case JsonNode number when secret && number.isNumber() -> TextNode.valueOf(MASK);
      default -> node;
    };
  }

  /** Returns the texts and numbers that {@link #masked} would mask. */
  static List<String> values(ObjectNode object) {
    var all = new ArrayList<String>();
    collect(object, false, all);
    return all;
  }

  private static void collect(JsonNode node, boolean secret, List<String> into) {
    switch (node) {
      case ObjectNode object ->
          object
              .properties()
              .forEach(entry -> collect(entry.getValue(), secret || hides(entry.getKey()), into));
      case ArrayNode array -> array.forEach(element -> collect(element, secret, into));
      default -> {
        if (!masked(node, secret).equals(node)) into.add(node.asText());
      }
    }
  }

  private static boolean hides(String name) {
    return isSensitiveName(name) || CONTAINERS.contains(name);
  }

  /**
   * Returns the patch without masks, so that a caller can send a response back and the stored
   * secrets are kept. Rejects a mask if no secret is stored there. An array with masks is left out
   * if it equals the shown one and otherwise rejected, since a patch replaces arrays as a whole.
   */
  static ObjectNode withoutMasks(ObjectNode patch, ObjectNode stored) {
    return withoutMasks(patch, stored, List.of(), false);
  }

  private static ObjectNode withoutMasks(
      ObjectNode patch, JsonNode stored, List<String> at, boolean secret) {
    var result = JsonNodeFactory.instance.objectNode();
    for (var entry : patch.properties()) {
      var name = entry.getKey();
      var here = OverrideKeys.under(at, name);
      boolean hidden = secret || hides(name);
      var before = stored.path(name);
      switch (entry.getValue()) {
        case ObjectNode inner -> result.set(name, withoutMasks(inner, before, here, hidden));
        case TextNode text when text.textValue().equals(MASK) -> {
          if (before.isMissingNode() || !masked(before, hidden).equals(text)) {
            throw maskWithoutValue(here);
          }
        }
        case ArrayNode array -> {
          boolean asShown = array.equals(masked(before, hidden));
          if (!holdsMask(array)) {
            result.set(name, array);
          } else if (!asShown) {
            throw maskWithoutValue(here);
          }
        }
        case JsonNode value -> result.set(name, value);
      }
    }
    return result;
  }

  private static boolean holdsMask(JsonNode node) {
    if (node.isTextual()) return node.textValue().equals(MASK);
    for (var inner : node) {
      if (holdsMask(inner)) return true;
    }
    return false;
  }

  private static OverrideRefusedException maskWithoutValue(List<String> at) {
    return OverrideKeys.refused(at, rule("be the value itself, because none is stored", MASK));
  }
}
