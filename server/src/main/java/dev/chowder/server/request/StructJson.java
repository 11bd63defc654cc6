package dev.chowder.server.request;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.google.protobuf.ListValue;
import com.google.protobuf.NullValue;
import com.google.protobuf.Struct;
import com.google.protobuf.Value;
import dev.chowder.server.error.ApiError;
import java.nio.charset.StandardCharsets;

/**
 * Converts free-form JSON objects of requests from protobuf to JSON and back, within limits.
 * Protobuf has only doubles, so whole numbers up to 2^53 become integers again.
 */
public final class StructJson {
  private static final JsonNodeFactory JSON = JsonNodeFactory.instance;
  private static final double EXACT = 9_007_199_254_740_992.0; // 2^53

  private final String field;
  private final int maxDepth;

  private StructJson(String field, int maxDepth) {
    this.field = field;
    this.maxDepth = maxDepth;
  }

  /**
   * Returns the object as a JSON tree.
   *
   * @param field name of the field, for errors
   * @param maxBytes limit of the JSON text in UTF-8
   * @param maxDepth limit of nested objects and arrays, including the outermost one
   * @throws ApiError {@code INVALID_FIELD} beyond a limit, or for a number that is not finite
   */
  public static ObjectNode of(String field, Struct struct, int maxBytes, int maxDepth) {
    ObjectNode json = new StructJson(field, maxDepth).object(struct, 1);
    int bytes = json.toString().getBytes(StandardCharsets.UTF_8).length;
    if (bytes > maxBytes) {
      throw ApiError.must(field, "be at most " + maxBytes + " bytes", bytes);
    }
    return json;
  }

  private ObjectNode object(Struct struct, int depth) {
    checkDepth(depth);
    ObjectNode object = JSON.objectNode();
    struct.getFieldsMap().forEach((name, value) -> object.set(name, node(value, depth)));
    return object;
  }

  private ArrayNode array(ListValue list, int depth) {
    checkDepth(depth);
    ArrayNode array = JSON.arrayNode(list.getValuesCount());
    list.getValuesList().forEach(value -> array.add(node(value, depth)));
    return array;
  }

  private JsonNode node(Value value, int depth) {
    return switch (value.getKindCase()) {
      case NULL_VALUE, KIND_NOT_SET -> JSON.nullNode();
      case BOOL_VALUE -> JSON.booleanNode(value.getBoolValue());
      case STRING_VALUE -> JSON.textNode(value.getStringValue());
      case NUMBER_VALUE -> number(value.getNumberValue());
      case STRUCT_VALUE -> object(value.getStructValue(), depth + 1);
      case LIST_VALUE -> array(value.getListValue(), depth + 1);
    };
  }

  private JsonNode number(double number) {
    if (!Double.isFinite(number)) {
      throw ApiError.must(field, "have finite numbers only", number);
    }
    boolean whole = number == Math.rint(number) && Math.abs(number) <= EXACT;
    return whole ? JSON.numberNode((long) number) : JSON.numberNode(number);
  }

  private void checkDepth(int depth) {
    if (depth > maxDepth) {
      throw ApiError.must(field, "be nested at most " + maxDepth + " deep");
    }
  }

  /** Returns a JSON object as the API shows it. */
  public static Struct toStruct(ObjectNode json) {
    var struct = Struct.newBuilder();
    json.properties().forEach(field -> struct.putFields(field.getKey(), value(field.getValue())));
    return struct.build();
  }

  private static Value value(JsonNode json) {
    var value = Value.newBuilder();
    switch (json) {
      case ObjectNode object -> value.setStructValue(toStruct(object));
      case ArrayNode array -> {
        var list = ListValue.newBuilder();
        array.forEach(element -> list.addValues(value(element)));
        value.setListValue(list);
      }
      case JsonNode n when n.isTextual() -> value.setStringValue(n.textValue());
      case JsonNode n when n.isBoolean() -> value.setBoolValue(n.booleanValue());
      case JsonNode n when n.isNumber() -> value.setNumberValue(n.doubleValue());
      case JsonNode _ -> value.setNullValue(NullValue.NULL_VALUE);
    }
    return value.build();
  }
}
