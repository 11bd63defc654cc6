package dev.chowder.apidocs;

import static java.util.stream.Collectors.joining;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.chowder.api.v1.Reason;
import java.util.Arrays;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;

/**
 * Builds an error response for each status with the reasons that a call can return. All have one
 * body, so that generators of clients make one type. The reasons are in an extension.
 */
final class OpenApiErrors {
  private static final JsonNodeFactory JSON = JsonNodeFactory.instance;

  /** Not {@code Error}, which is a type of TypeScript itself. */
  private static final String BODY = "ErrorBody";

  /** The reasons that the response can have. */
  private static final String REASONS = "x-reasons";

  private static final int TOO_MANY_REQUESTS = 429;
  private static final int UNAVAILABLE = 503;

  /** Envoy also returns these for requests that it cannot read, and then without a request id. */
  private static final Set<Integer> UNREAD = Set.of(400, 408, 431);

  private final Map<Reason, String> meanings;
  private final Map<String, ObjectNode> named = new TreeMap<>();

  OpenApiErrors(ApiDescriptors api) {
    meanings = DocumentedErrors.meanings(api);
  }

  /** Returns all responses that were referred to, by name. */
  Map<String, ObjectNode> named() {
    return named;
  }

  /** Returns a reference to the response with this status and one of these reasons. */
  ObjectNode reference(int status, Set<Reason> reasons) {
    var name = reasons.stream().map(OpenApiErrors::camelCase).collect(joining("Or")) + status;
    named.computeIfAbsent(name, _ -> response(status, reasons));
    return JSON.objectNode().put("$ref", "#/components/responses/" + name);
  }

  private ObjectNode response(int status, Set<Reason> reasons) {
    var response = JSON.objectNode();
    response.put(
        "description",
        reasons.stream()
            .map(reason -> "`" + reason + "`: " + meanings.get(reason))
            .collect(joining("\n")));
    var headers = response.putObject("headers");
    if (!UNREAD.contains(status)) {
      headers.set("x-request-id", OpenApiDocument.header("x-request-id"));
    }
    if (status == TOO_MANY_REQUESTS || status == UNAVAILABLE) {
      headers.set("retry-after", OpenApiDocument.header("retry-after"));
    }
    response
        .putObject("content")
        .putObject("application/json")
        .set("schema", OpenApiSchemas.reference(BODY));
    var possible = response.putArray(REASONS);
    reasons.forEach(reason -> possible.add(reason.name()));
    return response;
  }

  /** Completes the fixed schema of {@code ErrorInfo} with all reasons. */
  static void addReasons(ObjectNode info) {
    var reasons = ((ObjectNode) info.at("/properties/reason")).putArray("enum");
    Reasons.all().stream()
        .filter(reason -> reason != Reason.CANCELLED)
        .forEach(reason -> reasons.add(reason.name()));
  }

  private static String camelCase(Reason reason) {
    return Arrays.stream(reason.name().split("_"))
        .map(word -> word.charAt(0) + word.substring(1).toLowerCase(Locale.ROOT))
        .collect(joining());
  }
}
