package dev.chowder.apidocs;

import com.fasterxml.jackson.core.util.DefaultIndenter;
import com.fasterxml.jackson.core.util.DefaultPrettyPrinter;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.google.api.HttpBody;
import com.google.protobuf.Descriptors.FieldDescriptor;
import com.google.protobuf.Descriptors.MethodDescriptor;
import com.google.protobuf.Empty;
import dev.chowder.api.v1.PossibleError;
import java.io.IOException;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import java.util.TreeMap;

/**
 * Renders the REST form of each RPC as OpenAPI 3.1. Routes, fields and errors come from the
 * compiled proto files, limits from their comments.
 */
final class OpenApiDocument {
  private static final JsonNodeFactory JSON = JsonNodeFactory.instance;
  private static final String APPLICATION_JSON = "application/json";
  private static final String EVENTS = "text/event-stream";

  private final ApiDescriptors api;
  private final OpenApiSchemas schemas;
  private final OpenApiErrors answers;

  OpenApiDocument(ApiDescriptors api) {
    this.api = api;
    this.schemas = new OpenApiSchemas(api);
    this.answers = new OpenApiErrors(api);
  }

  String text() throws IOException {
    var lines = new DefaultPrettyPrinter();
    lines.indentObjectsWith(new DefaultIndenter("  ", "\n"));
    return new ObjectMapper().writer(lines).writeValueAsString(json()) + "\n";
  }

  /** Fills in the file that has all that does not depend on the protocol. */
  ObjectNode json() throws IOException {
    ObjectNode document;
    try (var file = OpenApiDocument.class.getResourceAsStream("openapi.json")) {
      document = (ObjectNode) new ObjectMapper().readTree(Objects.requireNonNull(file));
    }
    var tags = (ArrayNode) document.get("tags");
    var paths = (ObjectNode) document.get("paths");
    for (var service : api.services()) {
      tags.addObject()
          .put("name", service.getName())
          .put(
              "description",
              paragraphs(
                  api.comment(service), "Errors of every call:", DocumentedErrors.common(service)));
      for (var method : service.getMethods()) {
        for (var call : RestCall.of(method)) {
          paths
              .withObjectProperty(call.path())
              .set(call.verb().toLowerCase(Locale.ROOT), operation(call));
        }
      }
    }
    var fixed = (ObjectNode) document.remove("components");
    components(document.putObject("components"), fixed);
    return document;
  }

  private ObjectNode operation(RestCall call) {
    var method = call.method();
    var comment = api.comment(method);
    var operation = JSON.objectNode();
    operation.putArray("tags").add(method.getService().getName());
    operation.put("operationId", operationId(call));
    operation.put("summary", comment.lines().findFirst().orElseThrow());
    operation.put("description", paragraphs(comment, "Errors:", DocumentedErrors.own(method)));
    // An empty list means that no key is needed.
    if (!call.needsKey()) operation.putArray("security");
    parameters(operation, call);
    body(operation, call);
    var responses = operation.putObject("responses");
    responses.set(Integer.toString(call.successStatus()), success(call));
    DocumentedErrors.of(call)
        .forEach(
            (status, reasons) ->
                responses.set(Integer.toString(status), answers.reference(status, reasons)));
    if (RawBodies.answersRanges(method)) {
      responses.set("206", described("The requested range."));
      bytes((ObjectNode) responses.get("206"), RawBodies.answer(method));
    } else if (answersBytes(method) && RawBodies.answer(method).isEmpty()) {
      responses.set("default", described("The agent's response, with its own status."));
    }
    return operation;
  }

  /** Numbers the further paths of an RPC. */
  private static String operationId(RestCall call) {
    int index = RestCall.of(call.method()).indexOf(call);
    return call.method().getName() + (index == 0 ? "" : Integer.toString(index + 1));
  }

  private void parameters(ObjectNode operation, RestCall call) {
    var parameters = JSON.arrayNode();
    for (var field : call.fields(RestCall.Place.PATH)) parameters.add(parameter("path", field));
    for (var field : call.fields(RestCall.Place.QUERY)) parameters.add(parameter("query", field));
    if (call.takesIdempotencyKey()) {
      parameters.addObject().put("$ref", "#/components/parameters/IdempotencyKey");
    }
    if (!parameters.isEmpty()) operation.set("parameters", parameters);
  }

  private ObjectNode parameter(String place, FieldDescriptor field) {
    var parameter = JSON.objectNode().put("name", field.getName()).put("in", place);
    if (place.equals("path")) parameter.put("required", true);
    var schema = schemas.field(field);
    parameter.set("description", schema.remove("description"));
    parameter.set("schema", schema);
    return parameter;
  }

  private void body(ObjectNode operation, RestCall call) {
    if (call.body().isEmpty()) return;
    if (!RawBodies.request(call.method()).isEmpty()) {
      rawBody(operation.putObject("requestBody").put("required", true), call.method());
      return;
    }
    var schema =
        call.body().equals("*")
            ? schemas.body(call.method().getInputType(), call.fields(RestCall.Place.BODY))
            : schemas.field(call.fields(RestCall.Place.WHOLE_BODY).getFirst());
    operation
        .putObject("requestBody")
        .put("required", true)
        .putObject("content")
        .putObject(APPLICATION_JSON)
        .set("schema", schema);
  }

  private static void rawBody(ObjectNode body, MethodDescriptor method) {
    var content = body.putObject("content");
    for (var type : RawBodies.knownToGenerators(method)) {
      content
          .putObject(type)
          .set("schema", type.equals(RawBodies.FORM) ? form() : OpenApiSchemas.bytes());
    }
  }

  private static ObjectNode form() {
    var form = OpenApiSchemas.typed("object");
    form.putArray("required").add("path").add("file");
    var parts = form.putObject("properties");
    parts.putObject("path").put("type", "string");
    parts.set("file", OpenApiSchemas.bytes().put("contentMediaType", RawBodies.BYTES));
    return form;
  }

  /**
   * Adds the bytes of a response. Generators take a type that they do not know for a mistake, so
   * the general one is beside it.
   */
  private static void bytes(ObjectNode response, String type) {
    var content = response.putObject("content");
    content.putObject(type).set("schema", OpenApiSchemas.bytes());
    if (!type.equals(RawBodies.BYTES)) {
      content.putObject(RawBodies.BYTES).set("schema", OpenApiSchemas.bytes());
    }
  }

  private ObjectNode success(RestCall call) {
    var method = call.method();
    var type = method.getOutputType();
    if (type.getFullName().equals(Empty.getDescriptor().getFullName())) return described("Done.");
    if (!RawBodies.answer(method).isEmpty()) {
      var response = described("The bytes.");
      bytes(response, RawBodies.answer(method));
      return response;
    }
    if (answersBytes(method)) {
      var response = described("The agent's response: JSON, or events if `stream` is true.");
      var content = response.putObject("content");
      content.putObject(APPLICATION_JSON).set("schema", OpenApiSchemas.anyObject());
      content.putObject(EVENTS).set("schema", event(JSON.objectNode()));
      return response;
    }
    var response = described(api.comment(type));
    var message = schemas.answer(type);
    var content = response.putObject("content");
    if (method.isServerStreaming()) {
      content.putObject(EVENTS).set("schema", event(message));
    } else {
      content.putObject(APPLICATION_JSON).set("schema", message);
    }
    if (call.successStatus() == 201 && call.needsKey()) {
      ((ObjectNode) response.get("headers")).set("location", header("location"));
    }
    return response;
  }

  /** Returns the schema of a Server-Sent Event in the form of OpenAPI 3.2. */
  private static ObjectNode event(ObjectNode data) {
    var event = OpenApiSchemas.typed("object").put("description", "One event.");
    event.putArray("required").add("data");
    event
        .putObject("properties")
        .putObject("data")
        .put("type", "string")
        .put("contentMediaType", APPLICATION_JSON)
        .set("contentSchema", data);
    return event;
  }

  private static ObjectNode described(String description) {
    var response = JSON.objectNode().put("description", description);
    response.putObject("headers").set("x-request-id", header("x-request-id"));
    return response;
  }

  /** Returns whether the method passes an agent's response through with its status. */
  private static boolean answersBytes(MethodDescriptor method) {
    return method.getOutputType().getFullName().equals(HttpBody.getDescriptor().getFullName());
  }

  /** Adds the parts to which others refer. */
  private void components(ObjectNode components, ObjectNode fixed) {
    OpenApiErrors.addReasons((ObjectNode) fixed.at("/schemas/ErrorInfo"));
    var sorted = new TreeMap<String, JsonNode>(schemas.named());
    for (var schema : fixed.remove("schemas").properties()) {
      if (sorted.put(schema.getKey(), schema.getValue()) != null) {
        throw new IllegalStateException(schema.getKey() + ": must name one schema");
      }
    }
    components.putObject("schemas").setAll(sorted);
    components.putObject("responses").setAll(answers.named());
    components.setAll(fixed);
  }

  static ObjectNode header(String name) {
    return JSON.objectNode().put("$ref", "#/components/headers/" + name);
  }

  /** Renders each line of a comment as a paragraph, and the errors as a list below a heading. */
  private static String paragraphs(String comment, String heading, List<PossibleError> errors) {
    var text = String.join("\n\n", List.of(comment.split("\n")));
    return errors.isEmpty()
        ? text
        : text + "\n\n" + heading + "\n\n" + DocumentedErrors.list(errors);
  }
}
