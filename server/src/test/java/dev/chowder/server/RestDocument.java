package dev.chowder.server;

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
import dev.chowder.api.v1.KeyProto;
import dev.chowder.server.error.Reason;
import java.io.IOException;
import java.util.Arrays;
import java.util.Collection;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/** Writes down how each RPC is called by REST. What it says comes from the compiled protocol. */
final class RestDocument {
  private static final String HEAD =
      """
      # REST

      Generated from the compiled protocol by `RestDocumentTest`; do not edit. To write it anew after a change:
      `mvn -pl server -am test -Dtest=RestDocumentTest -Dsurefire.failIfNoSpecifiedTests=false -Dchowder.update-docs=true`

      Every path is served by Envoy, `http://localhost:8080` by default, and leads to the RPC beside it, which gRPC callers
      call under its own name. JSON is in snake_case; times are RFC 3339; enums are the words below, in any case when sent;
      a field that can be absent is left out, never null. Fields of a body that are not known are ignored; query parameters
      that are not known are refused. A body needs `Content-Type: application/json`, a file its own; a key goes into
      `Authorization: Bearer <key>`. An organization's key may do everything in its organization; a scoped one (`KeyService`) only
      what its permissions are for, with the instances that it names. Every answer has an `x-request-id`, but where Envoy could not
      read the request at all (400, 408, 431).
      """;

  private static final String OTHERS =
      """

      ## What is no RPC

      | call | answer |
      | --- | --- |
      | `GET /v1/openapi.json` | 200, all calls of this page as OpenAPI 3.1; needs no key, and may be kept for five minutes |
      | `GET /healthz` | 200 `{"status": "SERVING", "isolated": true}` when the server is ready, else 503; `isolated` is false on a host that does not isolate sandboxes; needs no key |
      | any method, any path, `Host: {instance_id}.<base domain>` | that instance's own gateway, HTTP and WebSocket; guarded by the gateway's token, not by a key. The host name is part of the instance's `gateway_url`. `/api/v1/admin/*` is 404; 503 `INSTANCE_NOT_RUNNING` while it does not run; 502 `GATEWAY_UNAVAILABLE` when it does not answer |
      """;

  private static final String ERRORS =
      """

      ## Errors

      The body of every error, over REST, is `google.rpc.Status` as JSON; gRPC carries the same as `grpc-status-details-bin`.
      `details` holds exactly one `ErrorInfo`, whose `reason` is one of the table's; `BadRequest` names the field at fault;
      `RetryInfo`, and `Retry-After` over REST, say when to try again. 409 and 504 carry `x-should-retry: false`.
      ```json
      {"code": 9, "message": "status: provisioning (expected: running)", "details": [
        {"@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": "WRONG_STATE", "domain": "chowder.dev",
         "metadata": {"status": "provisioning", "desired_status": "running"}}]}
      ```
      """;

  private static final String BY_ENVOY =
      """

      Some of them Envoy gives by itself, before or instead of the server, in the same form:
      """;

  private final ApiDescriptors api;
  private final DocumentedErrors errors;
  private final Map<String, Descriptor> shown = new LinkedHashMap<>();

  RestDocument(ApiDescriptors api) {
    this.api = api;
    this.errors = new DocumentedErrors(api);
  }

  String text() throws IOException {
    var text = new StringBuilder(HEAD);
    api.services().forEach(service -> text.append(service(service)));
    return text.append(OTHERS).append(objects()).append(errorTables()).toString();
  }

  private String service(ServiceDescriptor service) {
    var table = new Table("call", "RPC", "key", "answer", "errors of its own");
    for (var method : service.getMethods()) {
      table.row(
          calls(method),
          "[`%s`](#%s)".formatted(method.getName(), anchor(method.getName())),
          keys(method),
          answer(method),
          errorList(errors.own(method)));
    }
    var text =
        new StringBuilder("\n## ")
            .append(service.getName())
            .append(paragraphs(api.comment(service)))
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
        + " answers "
        + answer(method)
        + ". Key: "
        + keys(method)
        + "."
        + (call.body().isEmpty() && call.verb().equals("POST") ? " It takes no body." : "")
        + paragraphs(api.comment(method))
        + (method.getInputType().getFields().isEmpty() ? "" : table.text());
  }

  /** Which keys open it. */
  private static String keys(MethodDescriptor method) {
    if (GrpcServer.NEED_NO_KEY.contains(
        method.getService().getFullName() + "/" + method.getName())) {
      return "none";
    }
    var permission = method.getOptions().getExtension(KeyProto.permission);
    return permission == Key.Permission.unspecified
        ? "organization's"
        : "organization's, or scoped with " + code(permission.name());
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
          ? status + ", what the agent answers: JSON or events"
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
    // Fields of one object may bring in others.
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

  /** Of a field of a request. */
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
              throw new IllegalStateException(field.getFullName() + ": how does REST show it?");
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

  /** Of a descriptor that was read and one that was generated. */
  private static boolean is(Descriptor read, Descriptor generated) {
    return read.getFullName().equals(generated.getFullName());
  }

  /** Zero is what is sent when nothing is said. */
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

  private static String errorTables() throws IOException {
    var meanings = DocumentedErrors.meanings();
    var all = new Table("HTTP", "gRPC", "reason", "when");
    Arrays.stream(Reason.values())
        // Nobody is there to see this one.
        .filter(reason -> reason != Reason.CANCELLED)
        .sorted(Comparator.comparingInt(Reason::httpStatus))
        .forEach(
            reason ->
                all.row(
                    Integer.toString(reason.httpStatus()),
                    code(reason.code().name()),
                    code(reason.name()),
                    meanings.getOrDefault(reason, "")));
    var own = new Table("HTTP", "reason", "message");
    DocumentedErrors.byEnvoy().stream()
        .sorted(Comparator.comparingInt(DocumentedErrors.ByEnvoy::status))
        .forEach(
            answer ->
                own.row(
                    Integer.toString(answer.status()),
                    code(answer.reason().name()),
                    code(filledIn(answer.message()))));
    return ERRORS + all.text() + BY_ENVOY + own.text();
  }

  /** Without the marks of Envoy's and our own templates. */
  private static String filledIn(String message) {
    return message
        .replace("%LOCAL_REPLY_BODY%", "<what is wrong>")
        .replaceAll("\\$\\{(\\w+)}", "$1");
  }

  private static String errorList(Collection<Reason> reasons) {
    return reasons.stream()
        .sorted(Comparator.comparingInt(Reason::httpStatus))
        .map(reason -> reason.httpStatus() + " " + code(reason.name()))
        .collect(joining(", "));
  }

  /** All verbs and paths, its own first. */
  private static String calls(MethodDescriptor method) {
    return RestCall.of(method).stream().map(call -> code(call.toString())).collect(joining(" or "));
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
