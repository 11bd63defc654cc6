package dev.chowder.openclaw;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.google.protobuf.ByteString;
import com.networknt.schema.Error;
import com.networknt.schema.Schema;
import com.networknt.schema.SchemaRegistry;
import com.networknt.schema.SchemaRegistryConfig;
import com.networknt.schema.SpecificationVersion;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.TreeSet;
import java.util.stream.Collectors;

/**
 * The JSON schema of one OpenClaw version's configuration: tells what is wrong with overrides
 * before anything starts. It is weaker than OpenClaw's own check: what passes here may still be
 * refused there.
 */
public final class ConfigSchema {
  /** What onboarding always leaves: a member that is required is not missing when it is there. */
  private static final String ONBOARDED =
      """
      {"agents": {"entries": {"main": {"name": "main", "workspace": "/w", "agentDir": "/a",
        "identity": {"name": "main"}}}, "defaults": {"workspace": "/w", "model": {"primary": "a/b"}}},
       "gateway": {"mode": "local"}}
      """;

  private static final SchemaRegistryConfig CONFIG =
      SchemaRegistryConfig.builder().regularExpressionFactory(EcmaScriptPattern::of).build();

  private final Schema schema;
  private final ObjectNode onboarded;

  private ConfigSchema(Schema schema, ObjectNode onboarded) {
    this.schema = schema;
    this.onboarded = onboarded;
  }

  /** From what {@link #command} printed. */
  public static ConfigSchema of(ByteString json) {
    try {
      var root = OpenClawConfig.JSON.readTree(json.toStringUtf8());
      if (!(root instanceof ObjectNode object) || !object.has("properties")) {
        throw new IllegalArgumentException("config schema: no schema (expected: an object)");
      }
      simplify(object);
      var registry =
          SchemaRegistry.withDefaultDialect(
              SpecificationVersion.DRAFT_7, builder -> builder.schemaRegistryConfig(CONFIG));
      var schema = registry.getSchema(object);
      return new ConfigSchema(schema, (ObjectNode) OpenClawConfig.JSON.readTree(ONBOARDED));
    } catch (JsonProcessingException e) {
      throw new IllegalArgumentException(
          "config schema: no JSON from line " + e.getLocation().getLineNr() + " on");
    }
  }

  /**
   * Nine tenths of the text are titles and descriptions that nobody reads here. And the schema
   * calls members required that OpenClaw fills in by itself: those that have a default.
   */
  private static void simplify(JsonNode node) {
    if (node instanceof ObjectNode object) {
      // Under "properties" they would be names of settings.
      if (object.path("title").isTextual()) object.remove("title");
      if (object.path("description").isTextual()) object.remove("description");
      if (object.get("required") instanceof ArrayNode required) {
        var properties = object.path("properties");
        required.removeIf(name -> properties.path(name.asText()).has("default"));
      }
    }
    node.forEach(ConfigSchema::simplify);
  }

  /** Prints the schema of the OpenClaw in an image; needs neither configuration nor gateway. */
  public static List<String> command(String intoFile) {
    return List.of("sh", "-c", "openclaw config schema --json > \"$1\"", "config-schema", intoFile);
  }

  /** Why these overrides cannot be part of a configuration; empty when nothing speaks against. */
  Optional<OverrideRefusal> refusalOf(ObjectNode overrides) {
    var whole = onboarded.deepCopy();
    MergePatch.apply(whole, overrides);
    var errors = schema.validate(whole);
    if (errors.isEmpty()) return Optional.empty();
    // Of the branches of a choice, the one that got furthest is the one that was meant.
    var worst =
        errors.stream()
            .max(
                Comparator.<Error>comparingInt(e -> names(e).size())
                    .thenComparingInt(e -> e.getKeyword().equals("additionalProperties") ? 1 : 0)
                    .thenComparingInt(e -> e.getKeyword().equals("type") ? 0 : 1))
            .orElseThrow();
    return Optional.of(refusal(worst, errors));
  }

  private static OverrideRefusal refusal(Error error, List<Error> all) {
    var at = at(error);
    return switch (error.getKeyword()) {
      case "additionalProperties" ->
          new OverrideRefusal.NotInSchema(
              OverrideKeys.path(names(error)),
              "unknown (expected: a setting of this OpenClaw version)");
      case "required" ->
          new OverrideRefusal.NotInSchema(
              OverrideKeys.path(at), "without " + error.getProperty() + " (expected: with it)");
      case "const", "enum" ->
          new OverrideRefusal.NotInSchema(
              OverrideKeys.path(at), "another value (expected: " + allowed(at, all) + ")");
      case "type" ->
          new OverrideRefusal.NotInSchema(
              OverrideKeys.path(at), kind(error) + " (expected: " + types(at, all) + ")");
      default ->
          new OverrideRefusal.NotInSchema(
              OverrideKeys.path(at), "refused (expected: " + rule(error) + ")");
    };
  }

  /** As the schema has it: OpenClaw's documents use the same words, and no value is shown. */
  private static String rule(Error error) {
    var rule = error.getSchemaNode();
    return rule != null && rule.isValueNode()
        ? error.getKeyword() + " " + rule.asText()
        : error.getKeyword();
  }

  private static String kind(Error error) {
    var node = error.getInstanceNode();
    return node == null ? "another type" : node.getNodeType().name().toLowerCase(Locale.ROOT);
  }

  private static String allowed(List<String> at, List<Error> all) {
    var values = new TreeSet<String>();
    for (var error : all) {
      if (!at(error).equals(at)) continue;
      var schema = error.getSchemaNode();
      if (schema instanceof ArrayNode several) {
        several.forEach(value -> values.add(value.asText()));
      } else if (schema != null && error.getKeyword().equals("const")) {
        values.add(schema.asText());
      }
    }
    return String.join(" | ", values);
  }

  private static String types(List<String> at, List<Error> all) {
    return all.stream()
        .filter(error -> error.getKeyword().equals("type") && at(error).equals(at))
        .map(error -> error.getSchemaNode())
        .map(type -> type == null ? "another" : type.asText())
        .distinct()
        .sorted()
        .collect(Collectors.joining(" or "));
  }

  /** With the name of the member that is too many. */
  private static List<String> names(Error error) {
    var at = at(error);
    if (!error.getKeyword().equals("additionalProperties")) return at;
    return OverrideKeys.under(at, String.valueOf(error.getProperty()));
  }

  private static List<String> at(Error error) {
    var location = error.getInstanceLocation();
    var names = new ArrayList<String>();
    for (int i = 0; i < location.getNameCount(); i++) {
      names.add(String.valueOf(location.getElement(i)));
    }
    return names;
  }
}
