package dev.chowder.server.rpc;

import dev.chowder.api.v1.ChannelServiceGrpc;
import dev.chowder.api.v1.FileServiceGrpc;
import dev.chowder.api.v1.InstanceServiceGrpc;
import dev.chowder.api.v1.KeyServiceGrpc;
import dev.chowder.api.v1.OrganizationServiceGrpc;
import dev.chowder.api.v1.SkillServiceGrpc;
import dev.chowder.api.v1.SubscriptionServiceGrpc;
import io.grpc.MethodDescriptor;
import io.grpc.ServiceDescriptor;
import java.util.List;
import java.util.Set;
import java.util.function.Predicate;
import java.util.stream.Collectors;

/** All methods of the API, as gRPC serves them. */
public final class ApiMethods {
  private static final List<ServiceDescriptor> SERVICES =
      List.of(
          InstanceServiceGrpc.getServiceDescriptor(),
          KeyServiceGrpc.getServiceDescriptor(),
          OrganizationServiceGrpc.getServiceDescriptor(),
          SubscriptionServiceGrpc.getServiceDescriptor(),
          FileServiceGrpc.getServiceDescriptor(),
          SkillServiceGrpc.getServiceDescriptor(),
          ChannelServiceGrpc.getServiceDescriptor());

  private ApiMethods() {}

  public static List<MethodDescriptor<?, ?>> all() {
    return SERVICES.stream()
        .<MethodDescriptor<?, ?>>flatMap(service -> service.getMethods().stream())
        .toList();
  }

  /** Returns the names of the methods with these facts, without their service. */
  public static Set<String> names(Predicate<RpcFacts> wanted) {
    return all().stream()
        .filter(method -> wanted.test(RpcFacts.of(method)))
        .map(MethodDescriptor::getBareMethodName)
        .collect(Collectors.toSet());
  }
}
