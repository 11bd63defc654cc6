package dev.chowder.openclaw.config;

import static dev.chowder.base.ErrorText.must;
import static dev.chowder.base.ErrorText.rule;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.google.protobuf.ByteString;
import com.networknt.schema.Error;
import com.networknt.schema.Schema;
import com.networknt.schema.SchemaRegistry;
import com.networknt.schema.SchemaRegistryConfig;
import com.networknt.schema.dialect.Dialect;
import com.networknt.schema.dialect.Dialects;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.TreeSet;
import java.util.stream.Collectors;

/**
 * Checks overrides against the JSON schema of one OpenClaw version's configuration, before a
 * sandbox starts. The check is weaker than OpenClaw's own: a gateway may still reject overrides
 * that pass.
 */
public final class ConfigSchema {
  /** Members that onboarding always writes, so that overrides need not repeat required ones. */
  private static final String ONBOARDED =
      """
      {"agents": {"entries": {"main": {"name": "main", "workspace": "/w", "agentDir": "/a",
        "identity": {"name": "main"}}}, "defaults": {"workspace": "/w", "model": {"primary": "a/b"}}},
       "gateway": {"mode": "local"}}
      """;

  private static final SchemaRegistryConfig CONFIG =
      SchemaRegistryConfig.builder().regularExpressionFactory(EcmaScriptPattern::of).build();

  private static final Dialect DIALECT =
      Dialect.builder(Dialects.getDraft7()).keyword(new FirstInvalidElement()).build();

  private final Schema schema;
  private final ObjectNode onboarded;

  private ConfigSchema(Schema schema, ObjectNode onboarded) {
    this.schema = schema;
    this.onboarded = onboarded;
  }

  /**
   * Parses the output of {@link #command}.
   *
   * @throws IllegalArgumentException if it is not a schema
   */
  public static ConfigSchema of(ByteString json) {
    try {
      var root = OpenClawConfig.JSON.readTree(json.toStringUtf8());
      if (!(root instanceof ObjectNode object) || !object.has("properties")) {
        throw new IllegalArgumentException(must("config schema", "be an object with properties"));
      }
      simplify(object);
      var registry =
          SchemaRegistry.withDefaultDialect(
              DIALECT, builder -> builder.schemaRegistryConfig(CONFIG));
      var schema = registry.getSchema(object);
      return new ConfigSchema(schema, (ObjectNode) OpenClawConfig.JSON.readTree(ONBOARDED));
    } catch (JsonProcessingException e) {
      throw new IllegalArgumentException(
          must("config schema", "be JSON", "an error in line " + e.getLocation().getLineNr()));
    }
  }

  /**
   * Removes titles and descriptions, which are nine tenths of the text and unused here. Also makes
   * members with a default optional. The schema requires them, but OpenClaw sets them itself.
   */
  private static void simplify(JsonNode node) {
    if (node instanceof ObjectNode object) {
      // Below "properties", the same names are settings, whose values are objects.
      if (object.path("title").isTextual()) object.remove("title");
      if (object.path("description").isTextual()) object.remove("description");
      if (object.get("required") instanceof ArrayNode required) {
        var properties = object.path("properties");
        required.removeIf(name -> properties.path(name.asText()).has("default"));
      }
    }
    node.forEach(ConfigSchema::simplify);
  }

  /**
   * Returns the command that writes the schema to a file. It needs no configuration and no gateway.
   */
  public static List<String> command(String file) {
    return List.of("sh", "-c", "openclaw config schema --json > \"$1\"", "config-schema", file);
  }

  /** Returns why the schema does not allow these overrides; empty if it does. */
  Optional<OverrideRefusal> refusalOf(ObjectNode overrides) {
    var whole = onboarded.deepCopy();
    MergePatch.apply(whole, overrides);
    var errors = schema.validate(whole, context -> context.setFailFast(true));
    if (errors.isEmpty()) return Optional.empty();
    // In a choice, the branch with the deepest error is probably the intended one.
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
    var problem =
        switch (error.getKeyword()) {
          case "additionalProperties" -> rule("be a setting of this OpenClaw version");
          case "required" -> rule("have " + error.getProperty());
          case "const", "enum" -> rule("be " + allowed(at, all));
          case "type" -> rule("be " + types(at, all), kind(error));
          default -> rule("meet the schema's " + constraint(error));
        };
    return new OverrideRefusal(OverrideKeys.path(names(error)), problem);
  }

  /** Returns the schema's own words, which OpenClaw's documents use too; never the value. */
  private static String constraint(Error error) {
    var limit = error.getSchemaNode();
    return limit != null && limit.isValueNode()
        ? error.getKeyword() + " " + limit.asText()
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
    return String.join(" or ", values);
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

  /** Returns the path of the error, including the name of an unknown member. */
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
