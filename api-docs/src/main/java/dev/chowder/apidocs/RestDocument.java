package dev.chowder.apidocs;

import static java.util.stream.Collectors.joining;

import com.google.api.HttpBody;
import com.google.protobuf.Descriptors.Descriptor;
import com.google.protobuf.Descriptors.EnumDescriptor;
import com.google.protobuf.Descriptors.FieldDescriptor;
import com.google.protobuf.Descriptors.MethodDescriptor;
import com.google.protobuf.Descriptors.ServiceDescriptor;
import com.google.protobuf.Empty;
import com.google.protobuf.Struct;
import com.google.protobuf.Timestamp;
import dev.chowder.api.v1.Key;
import dev.chowder.api.v1.PossibleError;
import dev.chowder.api.v1.Reason;
import java.util.Arrays;
import java.util.Collection;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/**
 * Renders docs/REST.md and docs/OPERATOR.md, the REST form of each RPC, from the compiled proto
 * files.
 */
final class RestDocument {
  private static final String HEAD =
      """
      # REST

      Generated from the compiled proto files by `RestDocumentTest`; do not edit. To regenerate it after a change:
      `mvn -pl api-docs -am test -Dtest=RestDocumentTest -Dsurefire.failIfNoSpecifiedTests=false -Dchowder-tool.update-docs=true`

      Envoy serves every path, by default at `http://localhost:8080`, and forwards it to the RPC beside it. gRPC clients call
      that RPC by its own name.

      - JSON has snake_case names. Times are RFC 3339. Enum values are the words below, in upper or lower case when sent.
      - A field that can be absent is left out, never null. Unknown fields of a body are ignored. Unknown query parameters are
        rejected.
      - A JSON body needs `Content-Type: application/json`; a file has its own type.
      - Send the key as `Authorization: Bearer <key>`. An organization key has access to everything in its organization. A
        scoped key (`KeyService`) has access only to the instances that it names, with its permissions.
      - Every response has an `x-request-id`, except errors for requests that Envoy cannot read (400, 408, 431).
      """;

  private static final String OTHERS =
      """

      ## Other paths

      | call | response |
      | --- | --- |
      | `GET /v1/openapi.json` | 200, all calls of this page as OpenAPI 3.1. No key is needed. The document may be cached for five minutes. |
      | `GET /healthz` | 200 `{"status": "SERVING", "isolated": true}` if the server is ready, otherwise 503. `isolated` is false on a host that does not isolate sandboxes. No key is needed. |
      | any method, any path, `Host: {instance_id}.<base domain>` | That instance's own gateway, HTTP and WebSocket, protected by the gateway's token instead of a key. The host name is part of the instance's `gateway_url`. `/api/v1/admin/*` is 404; 503 `INSTANCE_NOT_RUNNING` while the instance does not run; 502 `GATEWAY_UNAVAILABLE` if the gateway does not respond. |
      """;

  private static final String ERRORS =
      """

      ## Errors

      Over REST, the body of every error is `google.rpc.Status` as JSON. gRPC carries the same as `grpc-status-details-bin`.
      `details` contains exactly one `ErrorInfo`, whose `reason` is in the table below. `BadRequest` names the invalid field.
      `RetryInfo`, and `Retry-After` over REST, give the time after which to retry. 409 and 504 carry `x-should-retry: false`.
      ```json
      {"code": 9, "message": "status: must be running; got stopped", "details": [
        {"@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": "WRONG_STATE", "domain": "chowder.dev",
         "metadata": {"status": "stopped", "desired_status": "stopped"}}]}
      ```
      """;

  private static final String BY_ENVOY =
      """

      Envoy itself returns some errors, before or instead of the server, in the same format:
      """;

  private static final String OPERATOR_HEAD =
      """
      # Operator API

      Generated from the compiled proto files by `RestDocumentTest`; do not edit. To regenerate it after a change:
      `mvn -pl api-docs -am test -Dtest=RestDocumentTest -Dsurefire.failIfNoSpecifiedTests=false -Dchowder-tool.update-docs=true`

      Each node serves every RPC on its operator port (`CHOWDER_OPERATOR_PORT`, 9091), also while Envoy is down:
      `chowder admin call ListOrganizations`. Envoy serves the paths below on a listener of its own, by default at
      `http://localhost:9096`. Both need the operator token, as `Authorization: Bearer <token>`. [operations](operations/README.md) has
      the tasks.

      JSON, times, errors and headers are those of [REST.md](REST.md). A call that concerns one node names the node. Another node
      rejects it with 503 `SERVER_UNAVAILABLE` and the header `x-chowder-node`; Envoy then tries the other nodes.
      """;

  private final ApiDescriptors api;
  private final boolean forOperators;
  private final Map<String, Descriptor> shown = new LinkedHashMap<>();

  private RestDocument(ApiDescriptors api, boolean forOperators) {
    this.api = api;
    this.forOperators = forOperators;
  }

  /** Returns the text of docs/REST.md. */
  static String ofCallers(ApiDescriptors api) {
    var document = new RestDocument(api, false);
    var text = new StringBuilder(HEAD);
    api.services().forEach(service -> text.append(document.service(service)));
    return text.append(OTHERS).append(document.objects()).append(document.errorTables()).toString();
  }

  /** Returns the text of docs/OPERATOR.md. */
  static String ofOperators(ApiDescriptors api) {
    var document = new RestDocument(api, true);
    var text = new StringBuilder(OPERATOR_HEAD);
    api.operatorServices().forEach(service -> text.append(document.service(service)));
    return text.append(document.objects()).toString();
  }

  private String service(ServiceDescriptor service) {
    var table = new Table("call", "RPC", "key", "response", "own errors");
    for (var method : service.getMethods()) {
      table.row(
          calls(method),
          "[`%s`](#%s)".formatted(method.getName(), anchor(method.getName())),
          keys(method),
          answer(method),
          errorList(DocumentedErrors.reasons(DocumentedErrors.own(method))));
    }
    var text =
        new StringBuilder("\n## ")
            .append(service.getName())
            .append(paragraphs(api.comment(service)))
            .append(errors("Errors of every call:", DocumentedErrors.common(service)))
            .append(table.text());
    service.getMethods().forEach(method -> text.append(method(method)));
    return text.toString();
  }

  private String method(MethodDescriptor method) {
    var table = new Table("field", "in", "type", "");
    var call = RestCall.of(method).getFirst();
    for (var field : method.getInputType().getFields()) {
      table.row(
          code(field.getName()), place(call, field), type(method, field), cell(api.comment(field)));
    }
    return "\n### "
        + method.getName()
        + "\n\n"
        + calls(method)
        + " returns "
        + answer(method)
        + ". Key: "
        + keys(method)
        + "."
        + (call.body().isEmpty() && call.verb().equals("POST") ? " The request has no body." : "")
        + paragraphs(api.comment(method))
        + errors("Errors:", DocumentedErrors.own(method))
        + (method.getInputType().getFields().isEmpty() ? "" : table.text());
  }

  /** Returns which keys may call the method. */
  private String keys(MethodDescriptor method) {
    if (forOperators) return "operator token";
    var declared = RestCall.declared(method);
    if (declared.getNeedsNoKey()) return "none";
    return declared.getPermission() == Key.Permission.unspecified
        ? "organization"
        : "organization, or scoped with " + code(declared.getPermission().name());
  }

  private static String place(RestCall call, FieldDescriptor field) {
    return switch (call.place(field)) {
      case PATH -> "path";
      case QUERY -> "query";
      case BODY -> "body";
      case WHOLE_BODY -> "the body";
    };
  }

  private String answer(MethodDescriptor method) {
    int status = RestCall.of(method).getFirst().successStatus();
    var type = method.getOutputType();
    if (type.getFullName().equals(Empty.getDescriptor().getFullName())) {
      return status + (status == 204 ? ", no body" : " `{}`");
    }
    if (is(type, HttpBody.getDescriptor())) {
      var bytes = RawBodies.answer(method);
      return bytes.isEmpty()
          ? status + ", the agent's response: JSON or events"
          : status + ", the bytes: " + code(bytes);
    }
    var message = link(type);
    return method.isServerStreaming()
        ? status
            + ", Server-Sent Events: one `data:` line with "
            + article(type)
            + message
            + " each"
        : status + " " + message;
  }

  private static String article(Descriptor type) {
    return "AEIOU".indexOf(type.getName().charAt(0)) < 0 ? "a " : "an ";
  }

  private String objects() {
    var text = new StringBuilder("\n## Objects\n");
    // Fields of an object may refer to other objects.
    for (int next = 0; next < shown.size(); next++) {
      text.append(object(List.copyOf(shown.values()).get(next)));
    }
    return text.toString();
  }

  private String object(Descriptor type) {
    var table = new Table("field", "type", "");
    for (var field : type.getFields()) {
      table.row(code(field.getName()), type(field), cell(api.comment(field)));
    }
    return "\n### " + name(type) + paragraphs(api.comment(type)) + table.text();
  }

  /** Returns the type of a field of a request. */
  private String type(MethodDescriptor method, FieldDescriptor field) {
    boolean raw =
        field.getJavaType() == FieldDescriptor.JavaType.MESSAGE
            && is(field.getMessageType(), HttpBody.getDescriptor())
            && !RawBodies.request(method).isEmpty();
    return raw
        ? RawBodies.request(method).stream().map(RestDocument::code).collect(joining(" or "))
        : type(field);
  }

  private String type(FieldDescriptor field) {
    if (field.isMapField()) {
      return "object of " + type(field.getMessageType().findFieldByName("value")) + " by string";
    }
    var one =
        switch (field.getJavaType()) {
          case STRING -> "string";
          case INT -> "integer";
          case BOOLEAN -> "boolean";
          case DOUBLE -> "number";
          case ENUM -> words(field.getEnumType());
          case MESSAGE -> message(field.getMessageType());
          case BYTE_STRING -> "string of Base64";
          case LONG, FLOAT ->
              throw new IllegalStateException(field.getFullName() + ": no REST type");
        };
    var shown = field.isRepeated() ? "array of " + one : one;
    boolean optional = field.toProto().getProto3Optional();
    return optional ? shown + ", optional" : shown;
  }

  private String message(Descriptor type) {
    if (is(type, Struct.getDescriptor())) return "object";
    if (is(type, Timestamp.getDescriptor())) return "time";
    return is(type, HttpBody.getDescriptor()) ? "JSON" : link(type);
  }

  /** Compares a descriptor that was read with a generated one. */
  private static boolean is(Descriptor read, Descriptor generated) {
    return read.getFullName().equals(generated.getFullName());
  }

  /** Leaves out value 0, which is never sent. */
  private static String words(EnumDescriptor type) {
    return type.getValues().stream()
        .filter(value -> value.getNumber() != 0)
        .map(value -> code(value.getName()))
        .collect(joining(", "));
  }

  private String link(Descriptor type) {
    shown.putIfAbsent(type.getFullName(), type);
    return "[`%s`](#%s)".formatted(name(type), anchor(name(type)));
  }

  private static String name(Descriptor type) {
    return type.getName();
  }

  private static String anchor(String heading) {
    return heading.toLowerCase(Locale.ROOT);
  }

  private String errorTables() {
    var meanings = DocumentedErrors.meanings(api);
    var all = new Table("HTTP", "gRPC", "reason", "when");
    Reasons.all().stream()
        // Never reaches a caller.
        .filter(reason -> reason != Reason.CANCELLED)
        .sorted(Comparator.comparingInt(reason -> Reasons.http(reason)))
        .forEach(
            reason ->
                all.row(
                    Integer.toString(Reasons.http(reason)),
                    code(Reasons.code(reason).name()),
                    code(reason.name()),
                    meanings.getOrDefault(reason, "")));
    var own = new Table("HTTP", "reason", "message");
    EnvoyErrors.all()
        .forEach(
            reply ->
                own.row(
                    Integer.toString(reply.status()),
                    code(reply.reason().name()),
                    code(filledIn(reply.message()))));
    return ERRORS + all.text() + BY_ENVOY + own.text();
  }

  /** Replaces the placeholders of Envoy's template and of ours. */
  private static String filledIn(String message) {
    return message.replace("%LOCAL_REPLY_BODY%", "<cause>").replaceAll("\\$\\{(\\w+)}", "$1");
  }

  private static String errorList(Collection<Reason> reasons) {
    return reasons.stream()
        .sorted(Comparator.comparingInt(reason -> Reasons.http(reason)))
        .map(reason -> Reasons.http(reason) + " " + code(reason.name()))
        .collect(joining(", "));
  }

  /** Returns all verbs and paths of the method, the primary one first. */
  private static String calls(MethodDescriptor method) {
    return RestCall.of(method).stream().map(call -> code(call.toString())).collect(joining(" or "));
  }

  private static String errors(String heading, List<PossibleError> errors) {
    return errors.isEmpty() ? "" : "\n" + heading + "\n\n" + DocumentedErrors.list(errors) + "\n";
  }

  private static String paragraphs(String comment) {
    return comment.lines().map(line -> "\n\n" + line).collect(joining()) + "\n";
  }

  private static String cell(String comment) {
    return comment.replace("\n", " ").replace("|", "\\|");
  }

  private static String code(String text) {
    return "`" + text + "`";
  }

  /** A Markdown table. */
  private static final class Table {
    private final StringBuilder text = new StringBuilder("\n");

    Table(String... head) {
      row(head);
      row(Arrays.stream(head).map(_ -> "---").toArray(String[]::new));
    }

    void row(String... cells) {
      text.append("| ").append(String.join(" | ", cells)).append(" |\n");
    }

    String text() {
      return text.toString();
    }
  }
}
