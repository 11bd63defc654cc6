package dev.chowder.apidocs;

import static java.util.stream.Collectors.joining;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.google.rpc.BadRequest;
import com.google.rpc.ErrorInfo;
import com.google.rpc.RetryInfo;
import dev.chowder.api.v1.Reason;
import java.util.Arrays;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;

/**
 * Builds an error response for each status with the reasons that a call can return. The body's
 * schema lists these reasons, so that a response with another reason does not match.
 */
final class OpenApiErrors {
  private static final JsonNodeFactory JSON = JsonNodeFactory.instance;

  /** Not {@code Error}, which is a type of TypeScript itself. */
  private static final String BODY = "ErrorBody";

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
    var both =
        response
            .putObject("content")
            .putObject("application/json")
            .putObject("schema")
            .putArray("allOf");
    both.add(OpenApiSchemas.reference(BODY));
    var details = both.addObject().putObject("properties").putObject("details");
    var info = details.putObject("contains");
    info.putArray("required").add("reason");
    var allowed = info.putObject("properties").putObject("reason").putArray("enum");
    reasons.forEach(reason -> allowed.add(reason.name()));
    return response;
  }

  /**
   * Returns the schemas of an error's body, {@code google.rpc.Status} as JSON, and of its details.
   */
  static Map<String, ObjectNode> schemas() {
    var error = OpenApiSchemas.typed("object");
    error.put("description", "Every error: `google.rpc.Status` as JSON.");
    required(error, "code", "message", "details");
    var properties = error.putObject("properties");
    properties
        .putObject("code")
        .put("type", "integer")
        .put("format", "int32")
        .put("description", "The gRPC status code.");
    properties
        .putObject("message")
        .put("type", "string")
        .put("description", "Message for people: the field, the rule and the value.");
    var details = properties.putObject("details").put("type", "array");
    details.put("description", "Details for programs, always with one `ErrorInfo`.");
    var any = details.putObject("items").putArray("anyOf");
    for (var part : new String[] {"ErrorInfo", "BadRequest", "RetryInfo"}) {
      any.add(OpenApiSchemas.reference(part));
    }
    details.set("contains", OpenApiSchemas.reference("ErrorInfo"));
    details.put("minContains", 1).put("maxContains", 1);
    return Map.of(
        BODY, error, "ErrorInfo", info(), "BadRequest", badRequest(), "RetryInfo", retryInfo());
  }

  private static ObjectNode info() {
    var info = detail(ErrorInfo.getDescriptor().getFullName(), "The reason of the error.");
    required(info, "@type", "reason", "domain");
    var properties = (ObjectNode) info.get("properties");
    var reasons = properties.putObject("reason").put("type", "string").putArray("enum");
    Reasons.all().stream()
        // Never reaches a caller.
        .filter(reason -> reason != Reason.CANCELLED)
        .forEach(reason -> reasons.add(reason.name()));
    properties.putObject("domain").put("const", "chowder.dev");
    properties
        .putObject("metadata")
        .put("type", "object")
        .putObject("additionalProperties")
        .put("type", "string");
    return info;
  }

  private static ObjectNode badRequest() {
    var request = detail(BadRequest.getDescriptor().getFullName(), "The invalid field.");
    required(request, "@type", "field_violations");
    var violation =
        ((ObjectNode) request.get("properties"))
            .putObject("field_violations")
            .put("type", "array")
            .putObject("items")
            .put("type", "object");
    required(violation, "field", "description");
    var properties = violation.putObject("properties");
    properties.putObject("field").put("type", "string");
    properties.putObject("description").put("type", "string");
    return request;
  }

  private static ObjectNode retryInfo() {
    var retry = detail(RetryInfo.getDescriptor().getFullName(), "Time after which to retry.");
    required(retry, "@type", "retry_delay");
    ((ObjectNode) retry.get("properties"))
        .putObject("retry_delay")
        .put("type", "string")
        .put("pattern", "^[0-9]+(\\.[0-9]+)?s$");
    return retry;
  }

  private static ObjectNode detail(String type, String description) {
    var detail = OpenApiSchemas.typed("object").put("description", description);
    detail.putObject("properties").putObject("@type").put("const", "type.googleapis.com/" + type);
    return detail;
  }

  private static void required(ObjectNode schema, String... names) {
    var required = schema.putArray("required");
    for (var name : names) required.add(name);
  }

  private static String camelCase(Reason reason) {
    return Arrays.stream(reason.name().split("_"))
        .map(word -> word.charAt(0) + word.substring(1).toLowerCase(Locale.ROOT))
        .collect(joining());
  }
}
