package dev.chowder.server.idempotency;

import static org.assertj.core.api.Assertions.assertThat;

import dev.chowder.api.v1.ChannelServiceGrpc;
import dev.chowder.api.v1.FileServiceGrpc;
import dev.chowder.api.v1.InstanceServiceGrpc;
import dev.chowder.api.v1.KeyServiceGrpc;
import dev.chowder.api.v1.OrganizationServiceGrpc;
import dev.chowder.api.v1.SkillServiceGrpc;
import dev.chowder.api.v1.SubscriptionServiceGrpc;
import dev.chowder.server.GrpcServer;
import io.grpc.MethodDescriptor;
import io.grpc.ServiceDescriptor;
import java.util.List;
import java.util.Set;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

class KeyedMethodsTest {
  private static final List<ServiceDescriptor> API =
      List.of(
          InstanceServiceGrpc.getServiceDescriptor(),
          KeyServiceGrpc.getServiceDescriptor(),
          OrganizationServiceGrpc.getServiceDescriptor(),
          SubscriptionServiceGrpc.getServiceDescriptor(),
          FileServiceGrpc.getServiceDescriptor(),
          SkillServiceGrpc.getServiceDescriptor(),
          ChannelServiceGrpc.getServiceDescriptor());

  private final KeyedMethods methods = new KeyedMethods(GrpcServer.NEED_NO_KEY);

  private static Set<String> names(Predicate<MethodDescriptor<?, ?>> wanted) {
    return API.stream()
        .flatMap(service -> service.getMethods().stream())
        .filter(wanted)
        .map(MethodDescriptor::getBareMethodName)
        .collect(Collectors.toSet());
  }

  @Test
  void everyUnaryPostWithACallerIsIdempotent() {
    assertThat(names(method -> methods.useOf(method) == KeyedMethods.Use.KEYED))
        .contains(
            "CreateInstance",
            "StartInstance",
            "StopInstance",
            "RotateApiKey",
            "RotateGatewayToken",
            "CreateKey",
            "CreateCheckout",
            "MoveFile",
            "MakeFolder",
            "InstallSkill",
            "ConnectChannel",
            "DisconnectChannel",
            "PairChannel")
        .doesNotContain("SignUp", "CreateResponse", "GetInstance", "DeleteInstance");
  }

  /** Adding a name to this list withdraws a guarantee. Give the reason in the proto file. */
  @Test
  void noOtherPostRejectsAKey() {
    assertThat(names(method -> methods.useOf(method) == KeyedMethods.Use.REJECTED))
        .containsExactlyInAnyOrder(
            "SignUp",
            "CreateResponse",
            "CreateSessionResponse",
            "ReceiveStripeEvent",
            "UploadFile",
            "ImportFiles");
  }

  @Test
  void responsesWithASecretAreMarkedInTheirDescriptor() {
    assertThat(names(KeyedMethods::hasSecretResponse))
        .containsExactlyInAnyOrder(
            "SignUp",
            "RotateApiKey",
            "GetGatewayAccess",
            "RotateGatewayToken",
            "CreateKey",
            "GetKey",
            "ListKeys",
            "ConnectChannel");
  }
}
