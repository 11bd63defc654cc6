package dev.chowder.apidocs;

import build.buf.validate.FieldRules;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.google.api.HttpBody;
import com.google.protobuf.Descriptors.Descriptor;
import com.google.protobuf.Descriptors.EnumDescriptor;
import com.google.protobuf.Descriptors.EnumValueDescriptor;
import com.google.protobuf.Descriptors.FieldDescriptor;
import com.google.protobuf.Descriptors.GenericDescriptor;
import com.google.protobuf.Struct;
import com.google.protobuf.Timestamp;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;

/**
 * Builds JSON Schemas of messages as the transcoder reads and writes them, and keeps those that
 * were referred to, by name.
 */
final class OpenApiSchemas {
  private static final JsonNodeFactory JSON = JsonNodeFactory.instance;

  /** Names of enums that a message also has; generators would lose one of the two. */
  private static final Map<String, String> RENAMED =
      Map.of("InstanceStatus", "InstanceStatusValue");

  private final ApiDescriptors api;
  private final Map<String, ObjectNode> named = new TreeMap<>();

  /** The type of each name in lower case, because some file systems ignore case. */
  private final Map<String, String> types = new HashMap<>();

  OpenApiSchemas(ApiDescriptors api) {
    this.api = api;
  }

  /** Returns all schemas that were referred to, by name. */
  Map<String, ObjectNode> named() {
    return named;
  }

  /** Returns the schema of a response, which contains every field that is not optional. */
  ObjectNode answer(Descriptor type) {
    if (isNew(type.getName(), type)) {
      named.put(type.getName(), message(type, type.getFields(), true));
    }
    return reference(type.getName());
  }

  /**
   * Returns the schema of a body of these fields. Maps, and lists that may be empty, are optional.
   */
  ObjectNode body(Descriptor type, List<FieldDescriptor> fields) {
    if (isNew(type.getName(), type)) named.put(type.getName(), message(type, fields, false));
    return reference(type.getName());
  }

  /** Returns the schema of a field. */
  ObjectNode field(FieldDescriptor field) {
    var rules = FieldLimits.rules(field);
    ObjectNode schema;
    if (field.isMapField()) {
      schema = typed("object");
      FieldLimits.ofMap(schema, rules);
      var values = field.getMessageType().findFieldByName("value");
      schema.set("additionalProperties", one(values, rules.getMap().getValues()));
    } else if (field.isRepeated()) {
      schema = typed("array");
      FieldLimits.ofList(schema, rules);
      schema.set("items", one(field, rules.getRepeated().getItems()));
    } else {
      schema = one(field, rules);
    }
    return schema.put("description", api.comment(field));
  }

  private ObjectNode message(Descriptor type, List<FieldDescriptor> fields, boolean answered) {
    var schema = typed("object").put("description", api.comment(type));
    var properties = schema.putObject("properties");
    fields.forEach(field -> properties.set(field.getName(), field(field)));
    var required =
        fields.stream()
            .filter(field -> !field.toProto().getProto3Optional())
            .filter(
                field ->
                    answered
                        || !field.isRepeated()
                        || properties.path(field.getName()).has("minItems"))
            .map(FieldDescriptor::getName)
            .toList();
    if (!required.isEmpty()) required.forEach(schema.putArray("required")::add);
    return schema;
  }

  /** Returns the schema of a single value of the field's type. */
  private ObjectNode one(FieldDescriptor field, FieldRules rules) {
    return switch (field.getJavaType()) {
      case STRING -> {
        var schema = typed("string");
        FieldLimits.ofText(schema, rules);
        yield schema;
      }
      case INT -> {
        var schema = typed("integer").put("format", "int32");
        FieldLimits.ofNumber(schema, field);
        yield schema;
      }
      case BOOLEAN -> typed("boolean");
      case DOUBLE -> typed("number").put("format", "double");
      case ENUM -> words(field.getEnumType());
      case MESSAGE -> message(field.getMessageType());
      case BYTE_STRING -> typed("string").put("contentEncoding", "base64");
      case LONG, FLOAT -> throw new IllegalStateException(field.getFullName() + ": no REST type");
    };
  }

  private ObjectNode message(Descriptor type) {
    var name = type.getFullName();
    if (name.equals(Timestamp.getDescriptor().getFullName())) {
      return typed("string").put("format", "date-time");
    }
    boolean free =
        name.equals(Struct.getDescriptor().getFullName())
            || name.equals(HttpBody.getDescriptor().getFullName());
    return free ? anyObject() : answer(type);
  }

  /** Leaves out value 0, which is never sent. */
  private ObjectNode words(EnumDescriptor type) {
    var name = name(type);
    if (isNew(name, type)) {
      var schema = typed("string");
      var text = new StringBuilder(api.comment(type)).append('\n');
      var values = schema.putArray("enum");
      for (EnumValueDescriptor value : type.getValues()) {
        if (value.getNumber() == 0) continue;
        values.add(value.getName());
        text.append("\n- `").append(value.getName()).append("`: ").append(api.comment(value));
      }
      named.put(name, schema.put("description", text.toString()));
    }
    return reference(name);
  }

  /**
   * Returns the name of an enum's schema, which starts with the message that contains the enum. It
   * has no dot, because generators leave dots out.
   */
  private static String name(EnumDescriptor type) {
    var container = type.getContainingType();
    var name = (container == null ? "" : container.getName()) + type.getName();
    return RENAMED.getOrDefault(name, name);
  }

  /** Returns the schema of an object with any fields. */
  static ObjectNode anyObject() {
    return typed("object").put("additionalProperties", true);
  }

  /**
   * Returns the schema of a body that is no JSON. JSON Schema does not know the format, but without
   * it generators take the body for any JSON.
   */
  static ObjectNode bytes() {
    return typed("string").put("format", "binary");
  }

  /**
   * Returns whether the type has no schema yet.
   *
   * @throws IllegalStateException if another type has a schema of that name
   */
  private boolean isNew(String name, GenericDescriptor type) {
    var other = types.putIfAbsent(name.toLowerCase(Locale.ROOT), type.getFullName());
    if (other != null && !other.equals(type.getFullName())) {
      throw new IllegalStateException(
          name + ": must name one schema; got " + other + " and " + type.getFullName());
    }
    return other == null;
  }

  static ObjectNode typed(String type) {
    return JSON.objectNode().put("type", type);
  }

  static ObjectNode reference(String name) {
    return JSON.objectNode().put("$ref", "#/components/schemas/" + name);
  }
}
