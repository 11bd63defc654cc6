package dev.chowder.server.edge;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;
import java.util.regex.Pattern;

/** Values at the limits of a schema: the last one within each limit and the first one beyond it. */
public final class LimitProbes {
  private static final JsonNodeFactory JSON = JsonNodeFactory.instance;

  /** Every pattern of the API excludes at least one of these. */
  private static final List<String> ODD = List.of("a\u0007b", "a b", "-");

  private final List<Probe> probes = new ArrayList<>();

  private LimitProbes() {}

  /**
   * A value and whether the API accepts it.
   *
   * @param what name of the value, without its length
   */
  public record Probe(String what, JsonNode value, boolean within) {}

  public static List<Probe> of(JsonNode schema) {
    var probes = new LimitProbes();
    switch (schema.path("type").asText()) {
      case "integer" -> probes.number(schema);
      case "string" -> probes.text(schema, "", JSON::textNode);
      case "array" -> probes.list(schema);
      case "object" -> probes.pairs(schema);
      default -> {}
    }
    return probes.probes;
  }

  private void number(JsonNode schema) {
    if (schema.has("minimum")) {
      int least = schema.get("minimum").asInt();
      add(true, "the least", JSON.numberNode(least));
      add(false, "less than the least", JSON.numberNode(least - 1));
    }
    if (schema.has("maximum")) {
      int most = schema.get("maximum").asInt();
      add(true, "the most", JSON.numberNode(most));
      add(false, "more than the most", JSON.numberNode(most + 1));
    }
  }

  /** Also probes a key or a value of an object; {@code around} wraps it. */
  private void text(JsonNode schema, String prefix, Function<String, JsonNode> around) {
    if (schema.path("format").asText().equals("uuid")) {
      add(false, prefix + "no UUID", around.apply("no-uuid"));
    }
    if (schema.has("enum")) {
      for (var word : schema.get("enum")) {
        add(true, prefix + word.asText(), around.apply(word.asText()));
      }
      add(false, prefix + "another word", around.apply("another-word"));
    }
    if (schema.path("minLength").asInt() > 0) {
      add(false, prefix + "an empty text", around.apply(""));
    }
    if (schema.has("maxLength")) {
      int most = schema.get("maxLength").asInt();
      add(true, prefix + "the longest", around.apply("a".repeat(most)));
      add(false, prefix + "one character more", around.apply("a".repeat(most + 1)));
    }
    if (schema.has("pattern")) {
      var pattern = Pattern.compile(schema.get("pattern").asText());
      var odd = ODD.stream().filter(text -> !pattern.matcher(text).find()).findFirst();
      add(false, prefix + "odd characters", around.apply(odd.orElseThrow()));
      boolean refusesOnlyBlanks = pattern.matcher("a b").find() && !pattern.matcher(" ").find();
      if (refusesOnlyBlanks) add(false, prefix + "only blanks", around.apply(" "));
    }
  }

  /** Every other probe of the call uses a value within the limit. */
  private void list(JsonNode schema) {
    if (schema.path("minItems").asInt() > 0) add(false, "an empty list", JSON.arrayNode());
    if (schema.has("maxItems")) {
      var tooMany = JSON.arrayNode();
      for (int n = 0; n <= schema.get("maxItems").asInt(); n++) tooMany.add("a");
      add(false, "one more than the most", tooMany);
    }
  }

  private void pairs(JsonNode schema) {
    var names = schema.path("propertyNames");
    var name = names.path("enum").path(0).asText("a");
    if (schema.has("maxProperties")) {
      int most = schema.get("maxProperties").asInt();
      add(true, "the most pairs", many(most));
      add(false, "one pair more", many(most + 1));
    }
    text(names, "a key: ", key -> JSON.objectNode().put(key, "a"));
    var values = schema.path("additionalProperties");
    if (values.path("type").asText().equals("string")) {
      text(values, "a value: ", value -> JSON.objectNode().put(name, value));
    }
  }

  private static ObjectNode many(int pairs) {
    var object = JSON.objectNode();
    for (int n = 0; n < pairs; n++) object.put("k" + n, "v");
    return object;
  }

  private void add(boolean within, String what, JsonNode value) {
    probes.add(new Probe(what, value, within));
  }
}
