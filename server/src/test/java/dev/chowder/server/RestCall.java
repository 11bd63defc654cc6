package dev.chowder.server;

import com.google.api.AnnotationsProto;
import com.google.api.HttpRule;
import com.google.protobuf.Descriptors.FieldDescriptor;
import com.google.protobuf.Descriptors.MethodDescriptor;
import dev.chowder.api.v1.ChannelServiceGrpc;
import dev.chowder.api.v1.FileServiceGrpc;
import dev.chowder.api.v1.InstanceServiceGrpc;
import dev.chowder.api.v1.KeyServiceGrpc;
import dev.chowder.api.v1.OrganizationServiceGrpc;
import dev.chowder.api.v1.SkillServiceGrpc;
import dev.chowder.api.v1.SubscriptionServiceGrpc;
import dev.chowder.server.call.SuccessStatus;
import dev.chowder.server.idempotency.KeyedMethods;
import io.grpc.ServiceDescriptor;
import java.util.List;
import java.util.stream.Stream;

/**
 * One REST route of an RPC, from its annotation.
 *
 * @param body the field that is the body, {@code *} for all fields that are not in the path, or
 *     empty
 */
record RestCall(MethodDescriptor method, String verb, String path, String body) {
  private static final List<ServiceDescriptor> SERVED =
      List.of(
          InstanceServiceGrpc.getServiceDescriptor(),
          KeyServiceGrpc.getServiceDescriptor(),
          OrganizationServiceGrpc.getServiceDescriptor(),
          SubscriptionServiceGrpc.getServiceDescriptor(),
          FileServiceGrpc.getServiceDescriptor(),
          SkillServiceGrpc.getServiceDescriptor(),
          ChannelServiceGrpc.getServiceDescriptor());

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
    return SuccessStatus.BY_METHOD.getOrDefault(rpc().getFullMethodName(), 200);
  }

  boolean needsKey() {
    return !GrpcServer.NEED_NO_KEY.contains(rpc().getFullMethodName());
  }

  boolean takesIdempotencyKey() {
    return new KeyedMethods(GrpcServer.NEED_NO_KEY).useOf(rpc()) == KeyedMethods.Use.KEYED;
  }

  /** Returns the same RPC as the server defines it. */
  private io.grpc.MethodDescriptor<?, ?> rpc() {
    var name = method.getService().getFullName() + "/" + method.getName();
    return SERVED.stream()
        .flatMap(service -> service.getMethods().stream())
        .filter(rpc -> rpc.getFullMethodName().equals(name))
        .findAny()
        .orElseThrow(() -> new IllegalStateException(name + ": not served"));
  }

  /** Returns verb and path. */
  @Override
  public String toString() {
    return verb + " " + path;
  }
}
