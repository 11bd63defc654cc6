package dev.chowder.server.operator;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.chowder.base.Ids;
import dev.chowder.server.error.ApiError;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** Maps requests on the operator port to {@link IncidentCommands}. */
final class IncidentRoutes {
  private static final JsonNodeFactory NODES = JsonNodeFactory.instance;
  private static final int MAX_LISTED = 1000;
  private static final int DEFAULT_LISTED = 100;

  private final IncidentCommands incidents;

  IncidentRoutes(IncidentCommands incidents) {
    this.incidents = incidents;
  }

  /** Performs {@code POST /operator/organizations/{id}/{verb}}; empty for another verb. */
  Optional<OperatorAnswer> organization(String organizationId, String verb, JsonNode body) {
    return switch (verb) {
      case "suspend" -> Optional.of(summary(incidents.suspend(organizationId)));
      case "resume" -> Optional.of(summary(incidents.resume(organizationId)));
      case "delete" -> Optional.of(summary(incidents.delete(organizationId, name(body))));
      case "revoke-keys" ->
          Optional.of(
              OperatorAnswer.json(
                  200,
                  NODES
                      .objectNode()
                      .put("revoked", OperatorRoutes.found(incidents.revokeKeys(organizationId)))));
      default -> Optional.empty();
    };
  }

  private static OperatorAnswer summary(Optional<OperatorCommands.OrganizationSummary> found) {
    return OperatorAnswer.json(200, OperatorRoutes.json(OperatorRoutes.found(found)));
  }

  private static String name(JsonNode body) {
    var name = body.path("name");
    if (!name.isTextual()) {
      throw ApiError.must("name", "be the name of the organization to delete");
    }
    return name.asText();
  }

  /** Performs {@code POST /operator/instances/{id}/stop}. */
  OperatorAnswer stop(String instanceId) {
    var status =
        Optional.of(instanceId)
            .filter(Ids::isId)
            .flatMap(incidents::stop)
            .orElseThrow(ApiError::instanceNotFound);
    return OperatorAnswer.json(200, NODES.objectNode().put("status", status));
  }

  /** Performs {@code GET /operator/audit}. */
  OperatorAnswer audit(@Nullable String query) {
    var parameters = parameters(query);
    var entries =
        incidents.audit(
            Optional.ofNullable(parameters.get("organization_id")),
            limit(parameters.get("limit")),
            Optional.ofNullable(parameters.get("before")));
    var answer = NODES.objectNode();
    var array = answer.putArray("audit");
    for (var entry : entries) {
      var shown = array.addObject();
      shown.put("id", entry.id()).put("at", entry.at().toString()).put("action", entry.action());
      put(shown, "organization_id", entry.organizationId());
      put(shown, "key_id", entry.keyId());
      put(shown, "instance_id", entry.instanceId());
      put(shown, "address", entry.address());
      shown.put("times", entry.times());
    }
    return OperatorAnswer.json(200, answer);
  }

  private static void put(ObjectNode shown, String field, String value) {
    if (!value.isEmpty()) shown.put(field, value);
  }

  private static int limit(@Nullable String text) {
    if (text == null) return DEFAULT_LISTED;
    try {
      int limit = Integer.parseInt(text);
      if (limit >= 1 && limit <= MAX_LISTED) return limit;
    } catch (NumberFormatException notANumber) {
      // Rejected below, with the same message as a number out of range.
    }
    throw ApiError.must("limit", "be 1 to " + MAX_LISTED, text);
  }

  private static Map<String, String> parameters(@Nullable String query) {
    var parameters = new HashMap<String, String>();
    if (query == null) return parameters;
    for (var pair : query.split("&", -1)) {
      int equals = pair.indexOf('=');
      if (equals < 0) continue;
      try {
        parameters.put(
            pair.substring(0, equals),
            URLDecoder.decode(pair.substring(equals + 1), StandardCharsets.UTF_8));
      } catch (IllegalArgumentException malformed) {
        throw ApiError.must(pair.substring(0, equals), "be URL-encoded");
      }
    }
    return parameters;
  }
}
