package dev.chowder.server;

import com.google.api.AnnotationsProto;
import com.google.api.HttpRule;
import com.google.protobuf.Descriptors.FieldDescriptor;
import com.google.protobuf.Descriptors.MethodDescriptor;
import dev.chowder.server.idempotency.KeyedMethods;
import dev.chowder.server.rpc.RpcFacts;
import java.util.List;
import java.util.stream.Stream;

/**
 * One REST route of an RPC, from its annotation.
 *
 * @param body the field that is the body, {@code *} for all fields that are not in the path, or
 *     empty
 */
record RestCall(MethodDescriptor method, String verb, String path, String body) {
  /** Where a field of the request is sent. */
  enum Place {
    PATH,
    QUERY,
    /** A field of the body. */
    BODY,
    /** The whole body. */
    WHOLE_BODY
  }

  /** Returns all routes, the RPC's primary one first. */
  static List<RestCall> of(MethodDescriptor method) {
    var rule = method.getOptions().getExtension(AnnotationsProto.http);
    return Stream.concat(Stream.of(rule), rule.getAdditionalBindingsList().stream())
        .map(one -> of(method, one))
        .toList();
  }

  private static RestCall of(MethodDescriptor method, HttpRule rule) {
    return switch (rule.getPatternCase()) {
      case GET -> new RestCall(method, "GET", rule.getGet(), rule.getBody());
      case POST -> new RestCall(method, "POST", rule.getPost(), rule.getBody());
      case PATCH -> new RestCall(method, "PATCH", rule.getPatch(), rule.getBody());
      case PUT -> new RestCall(method, "PUT", rule.getPut(), rule.getBody());
      case DELETE -> new RestCall(method, "DELETE", rule.getDelete(), rule.getBody());
      case CUSTOM, PATTERN_NOT_SET ->
          throw new IllegalStateException(method.getFullName() + ": no path");
    };
  }

  Place place(FieldDescriptor field) {
    if (path.contains("{" + field.getName() + "}")) return Place.PATH;
    if (body.equals("*")) return Place.BODY;
    return body.equals(field.getName()) ? Place.WHOLE_BODY : Place.QUERY;
  }

  /** Returns the fields that are sent there, in the order of their declaration. */
  List<FieldDescriptor> fields(Place place) {
    return method.getInputType().getFields().stream()
        .filter(field -> place(field) == place)
        .toList();
  }

  /** Returns the HTTP status of success. */
  int successStatus() {
    return RpcFacts.of(method).successStatus();
  }

  boolean needsKey() {
    return !RpcFacts.of(method).needsNoKey();
  }

  boolean takesIdempotencyKey() {
    return KeyedMethods.useOf(RpcFacts.of(method)) == KeyedMethods.Use.KEYED;
  }

  /** Returns verb and path. */
  @Override
  public String toString() {
    return verb + " " + path;
  }
}
