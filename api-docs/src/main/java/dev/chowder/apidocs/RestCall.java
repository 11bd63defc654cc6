package dev.chowder.apidocs;

import com.google.api.AnnotationsProto;
import com.google.api.HttpBody;
import com.google.api.HttpRule;
import com.google.protobuf.Descriptors.FieldDescriptor;
import com.google.protobuf.Descriptors.MethodDescriptor;
import dev.chowder.api.v1.OptionsProto;
import dev.chowder.api.v1.Rpc;
import java.util.List;
import java.util.stream.Stream;

/**
 * One REST route of an RPC, from its annotation.
 *
 * @param body the field that is the body, {@code *} for all fields that are not in the path, or
 *     empty
 */
public record RestCall(MethodDescriptor method, String verb, String path, String body) {
  private static final int OK = 200;

  /** Where a field of the request is sent. */
  public enum Place {
    PATH,
    QUERY,
    /** A field of the body. */
    BODY,
    /** The whole body. */
    WHOLE_BODY
  }

  /** Returns all routes, the RPC's primary one first. */
  public static List<RestCall> of(MethodDescriptor method) {
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

  /** Returns where a field is sent. */
  public Place place(FieldDescriptor field) {
    if (path.contains("{" + field.getName() + "}")) return Place.PATH;
    if (body.equals("*")) return Place.BODY;
    return body.equals(field.getName()) ? Place.WHOLE_BODY : Place.QUERY;
  }

  /** Returns the fields that are sent there, in the order of their declaration. */
  public List<FieldDescriptor> fields(Place place) {
    return method.getInputType().getFields().stream()
        .filter(field -> place(field) == place)
        .toList();
  }

  /** Returns the option {@code rpc}. */
  public Rpc declared() {
    return declared(method);
  }

  static Rpc declared(MethodDescriptor method) {
    return method.getOptions().getExtension(OptionsProto.rpc);
  }

  /** Returns the HTTP status of success. */
  public int successStatus() {
    return declared().getSuccessStatus() == 0 ? OK : declared().getSuccessStatus();
  }

  /** Returns whether the call needs a key. */
  public boolean needsKey() {
    return !declared().getNeedsNoKey();
  }

  /**
   * Returns whether the call accepts an idempotency key: a POST of a caller with a key, with one
   * message in each direction and no raw body.
   */
  public boolean takesIdempotencyKey() {
    return verb.equals("POST")
        && needsKey()
        && !method.isClientStreaming()
        && !method.isServerStreaming()
        && method.getInputType().getFields().stream().noneMatch(RestCall::isRawBody);
  }

  /** Compares names, because the type of a descriptor set is not the generated one. */
  private static boolean isRawBody(FieldDescriptor field) {
    return field.getJavaType() == FieldDescriptor.JavaType.MESSAGE
        && field.getMessageType().getFullName().equals(HttpBody.getDescriptor().getFullName());
  }

  /** Returns verb and path. */
  @Override
  public String toString() {
    return verb + " " + path;
  }
}
