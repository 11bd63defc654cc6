package dev.chowder.server.rpc;

import static org.assertj.core.api.Assertions.assertThat;

import dev.chowder.apidocs.ApiDescriptors;
import dev.chowder.apidocs.Reasons;
import dev.chowder.apidocs.RestCall;
import dev.chowder.server.error.ReasonFacts;
import dev.chowder.server.idempotency.KeyedMethods;
import io.grpc.MethodDescriptor;
import java.io.IOException;
import org.junit.jupiter.api.Test;

/** Tests that the documents state the facts by which the server acts. */
class DocumentedFactsTest {
  @Test
  void theFactsOfEachCallAreThoseOfTheServer() throws IOException {
    var calls =
        ApiDescriptors.read().services().stream()
            .flatMap(service -> service.getMethods().stream())
            .flatMap(method -> RestCall.of(method).stream())
            .toList();
    assertThat(calls).hasSizeGreaterThan(ApiMethods.all().size());
    assertThat(calls)
        .allSatisfy(
            call -> {
              var facts = RpcFacts.of(call.method());
              assertThat(call.successStatus()).isEqualTo(facts.successStatus());
              assertThat(call.needsKey()).isNotEqualTo(facts.needsNoKey());
              assertThat(call.takesIdempotencyKey())
                  .isEqualTo(KeyedMethods.useOf(facts) == KeyedMethods.Use.KEYED);
            });
    assertThat(calls).anyMatch(RestCall::takesIdempotencyKey).anyMatch(call -> !call.needsKey());
  }

  @Test
  void theTestsOfTheServerKnowAllMethodsOfTheProtocol() throws IOException {
    assertThat(ApiMethods.all())
        .extracting(MethodDescriptor::getFullMethodName)
        .containsExactlyInAnyOrderElementsOf(
            ApiDescriptors.read().services().stream()
                .flatMap(service -> service.getMethods().stream())
                .map(method -> method.getService().getFullName() + "/" + method.getName())
                .toList());
  }

  @Test
  void theStatusesOfEachReasonAreThoseOfTheServer() {
    assertThat(Reasons.all()).isEqualTo(ReasonFacts.reasons());
    assertThat(Reasons.all())
        .allSatisfy(
            reason -> {
              assertThat(Reasons.http(reason)).isEqualTo(ReasonFacts.of(reason).httpStatus());
              assertThat(Reasons.code(reason).name())
                  .isEqualTo(ReasonFacts.of(reason).code().name());
            });
  }
}
