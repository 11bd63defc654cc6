package dev.chowder.server.idempotency;

import static org.assertj.core.api.Assertions.assertThat;

import dev.chowder.server.rpc.ApiMethods;
import dev.chowder.server.rpc.RpcFacts;
import org.junit.jupiter.api.Test;

class KeyedMethodsTest {
  @Test
  void everyUnaryPostWithACallerIsIdempotent() {
    assertThat(ApiMethods.names(facts -> KeyedMethods.useOf(facts) == KeyedMethods.Use.KEYED))
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
    assertThat(ApiMethods.names(facts -> KeyedMethods.useOf(facts) == KeyedMethods.Use.REJECTED))
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
    assertThat(ApiMethods.names(RpcFacts::hasSecretResponse))
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
