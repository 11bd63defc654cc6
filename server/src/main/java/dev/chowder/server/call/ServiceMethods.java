package dev.chowder.server.call;

import io.grpc.ServerMethodDefinition;
import io.grpc.ServerServiceDefinition;
import io.grpc.ServiceDescriptor;
import java.util.function.UnaryOperator;

/** A service with other methods of the same names, such as ones with other marshallers. */
public final class ServiceMethods {
  private ServiceMethods() {}

  /** The same service, each of whose methods is what {@code change} makes of it. */
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
