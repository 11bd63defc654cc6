package dev.chowder.server.rpc;

import static org.assertj.core.api.Assertions.assertThat;

import dev.chowder.api.v1.InstanceServiceGrpc;
import dev.chowder.api.v1.Rpc;
import io.grpc.MethodDescriptor.MethodType;
import io.grpc.protobuf.services.ProtoReflectionServiceV1;
import org.junit.jupiter.api.Test;

class RpcFactsTest {
  /** Adding a name to this list lets anyone make the call. */
  @Test
  void onlyTheseMethodsNeedNoKeyAndTheyHaveALimitPerAddress() {
    var needNoKey = ApiMethods.names(RpcFacts::needsNoKey);
    assertThat(needNoKey).containsExactlyInAnyOrder("SignUp", "ReceiveStripeEvent");
    assertThat(ApiMethods.names(facts -> facts.declared().getRate() != Rpc.Rate.rate_unspecified))
        .isEqualTo(needNoKey);
  }

  @Test
  void aKindOfStreamingMatchesTheTypeOfTheMethod() {
    assertThat(ApiMethods.all())
        .allSatisfy(
            method -> {
              var expected =
                  switch (RpcFacts.of(method).declared().getStreaming()) {
                    case streaming_unspecified -> MethodType.UNARY;
                    case events, agent_response, download -> MethodType.SERVER_STREAMING;
                    case upload -> MethodType.CLIENT_STREAMING;
                    case UNRECOGNIZED -> MethodType.UNKNOWN;
                  };
              assertThat(method.getType()).as(method.getFullMethodName()).isEqualTo(expected);
            });
  }

  @Test
  void bodiesOfAnySizeHaveMediaTypesAndDownloadsHaveOne() {
    assertThat(ApiMethods.names(facts -> facts.declared().getMediaTypesCount() > 0))
        .isEqualTo(
            ApiMethods.names(
                facts ->
                    facts.declared().getStreaming() == Rpc.Streaming.upload
                        || facts.declared().getStreaming() == Rpc.Streaming.download));
    assertThat(
            ApiMethods.names(
                facts ->
                    facts.declared().getStreaming() == Rpc.Streaming.download
                        && facts.declared().getMediaTypesCount() != 1))
        .isEmpty();
  }

  /** A retried change could happen twice. */
  @Test
  void onlyReadsAreRetried() {
    assertThat(ApiMethods.names(facts -> facts.declared().getRetried() && facts.changes()))
        .isEmpty();
    assertThat(
            ApiMethods.names(
                facts -> facts.unary() && !facts.changes() && !facts.declared().getRetried()))
        .as("each unary read has `retried`, except reads of files")
        .containsExactlyInAnyOrder("GetFileContent", "ListFiles");
  }

  @Test
  void factsAreReadOncePerMethod() {
    var method = InstanceServiceGrpc.getCreateInstanceMethod();
    assertThat(RpcFacts.of(method)).isSameAs(RpcFacts.of(method));
    assertThat(RpcFacts.of(method).successStatus()).isEqualTo(201);
  }

  @Test
  void aMethodOutsideTheApiRequiresAnOrganizationKey() {
    var method =
        ProtoReflectionServiceV1.newInstance()
            .bindService()
            .getMethods()
            .iterator()
            .next()
            .getMethodDescriptor();
    var facts = RpcFacts.of(method);
    assertThat(facts.needsNoKey()).isFalse();
    assertThat(facts.permission()).isEmpty();
    assertThat(facts.successStatus()).isEqualTo(200);
  }
}
