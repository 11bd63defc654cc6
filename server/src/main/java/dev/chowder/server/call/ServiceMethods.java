package dev.chowder.server.call;

import io.grpc.ServerMethodDefinition;
import io.grpc.ServerServiceDefinition;
import io.grpc.ServiceDescriptor;
import java.util.function.UnaryOperator;

/** Replaces the methods of a gRPC service, for example by methods with other marshallers. */
public final class ServiceMethods {
  private ServiceMethods() {}

  /** Returns the service with {@code change} applied to each method. */
  public static ServerServiceDefinition changed(
      ServerServiceDefinition service, UnaryOperator<ServerMethodDefinition<?, ?>> change) {
    var methods = service.getMethods().stream().<ServerMethodDefinition<?, ?>>map(change).toList();
    var descriptor =
        ServiceDescriptor.newBuilder(service.getServiceDescriptor().getName())
            .setSchemaDescriptor(service.getServiceDescriptor().getSchemaDescriptor());
    methods.forEach(method -> descriptor.addMethod(method.getMethodDescriptor()));
    var copy = ServerServiceDefinition.builder(descriptor.build());
    methods.forEach(copy::addMethod);
    return copy.build();
  }
}
