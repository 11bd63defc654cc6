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
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Collection;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;

/**
 * Renders docs/REST.md and docs/OPERATOR.md, the REST form of each RPC, from the compiled proto
 * files.
 */
final class RestDocument {
  private final ApiDescriptors api;
  private final boolean forOperators;
  private final Map<String, Descriptor> shown = new LinkedHashMap<>();

  private RestDocument(ApiDescriptors api, boolean forOperators) {
    this.api = api;
    this.forOperators = forOperators;
  }

  static String ofCallers(ApiDescriptors api) {
    var document = new RestDocument(api, false);
    return document
        .filled("rest.txt", api.services())
        .replace("{reasons}\n", document.reasons())
        .replace("{replies}\n", replies());
  }

  static String ofOperators(ApiDescriptors api) {
    return new RestDocument(api, true).filled("operator.txt", api.operatorServices());
  }

  /** Services come first, because they tell which objects are shown. */
  private String filled(String template, List<ServiceDescriptor> services) {
    try (var file = RestDocument.class.getResourceAsStream(template)) {
      return new String(Objects.requireNonNull(file).readAllBytes(), StandardCharsets.UTF_8)
          .replace("{services}\n", services.stream().map(this::service).collect(joining()))
          .replace("{objects}\n", objects());
    } catch (IOException broken) {
      throw new UncheckedIOException(broken);
    }
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
    return "\n### " + type.getName() + paragraphs(api.comment(type)) + table.text();
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
    return "[`%s`](#%s)".formatted(type.getName(), anchor(type.getName()));
  }

  private static String anchor(String heading) {
    return heading.toLowerCase(Locale.ROOT);
  }

  private String reasons() {
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
    return all.text();
  }

  private static String replies() {
    var own = new Table("HTTP", "reason", "message");
    EnvoyErrors.all()
        .forEach(
            reply ->
                own.row(
                    Integer.toString(reply.status()),
                    code(reply.reason().name()),
                    code(filledIn(reply.message()))));
    return own.text();
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
