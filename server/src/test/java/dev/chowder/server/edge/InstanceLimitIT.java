package dev.chowder.server.edge;

import static java.util.stream.Collectors.counting;
import static java.util.stream.Collectors.groupingBy;
import static org.assertj.core.api.Assertions.assertThat;

import dev.chowder.api.v1.CreateInstanceRequest;
import dev.chowder.api.v1.InstanceServiceGrpc;
import dev.chowder.server.auth.AuthInterceptor;
import io.grpc.ManagedChannel;
import io.grpc.Metadata;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.netty.shaded.io.grpc.netty.NettyChannelBuilder;
import io.grpc.stub.MetadataUtils;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/**
 * Tests that a tier's limit is exact for any number of concurrent creates, over both interfaces.
 */
class InstanceLimitIT {
  private static final int CREATES = 200;
  private static final String BODY = "{\"name\":\"one of many\",\"model_provider\":\"custom\"}";

  @RegisterExtension static final WholeServer SERVER = new WholeServer();

  @Test
  void tenOfTwoHundredCreatesOverRestSucceedForCrab() throws Exception {
    SERVER.signUp("crab_key", "ok");
    SERVER.setTier("crab_key", "crab");
    var answers =
        atOnce(() -> SERVER.call("crab_key", WholeServer.post("/v1/instances").json(BODY)));
    assertThat(answers.stream().collect(groupingBy(RawHttp.Answer::status, counting())))
        .isEqualTo(Map.of(201, 10L, 402, 190L));
    assertThat(answers.stream().filter(answer -> answer.status() == 402))
        .allSatisfy(
            answer -> {
              RestErrors.check(
                  answer, 402, Status.Code.RESOURCE_EXHAUSTED.value(), "INSTANCE_LIMIT_REACHED");
              assertThat(answer.body())
                  .contains("Instance limit reached (10/10). Upgrade your subscription.");
            });
    assertThat(count("crab_key")).isEqualTo(10);
    releasedSlotsAreCountedExactly();
  }

  /** Three deletions release slots for three of the next two hundred creates. */
  private static void releasedSlotsAreCountedExactly() throws Exception {
    var list = SERVER.call("crab_key", RawHttp.Request.of("GET", "/v1/instances")).json();
    for (int n = 0; n < 3; n++) {
      var id = list.get("instances").get(n).get("id").asText();
      assertThat(
              SERVER.call("crab_key", RawHttp.Request.of("DELETE", "/v1/instances/" + id)).status())
          .isEqualTo(204);
    }
    var again = atOnce(() -> SERVER.call("crab_key", WholeServer.post("/v1/instances").json(BODY)));
    assertThat(again.stream().filter(answer -> answer.status() == 201)).hasSize(3);
    assertThat(count("crab_key")).isEqualTo(10);
  }

  @Test
  void oneOfTwoHundredCreatesOverGrpcSucceedsForShrimp() throws Exception {
    SERVER.signUp("shrimp_key", "ok");
    ManagedChannel channel = NettyChannelBuilder.forAddress(SERVER.grpc()).usePlaintext().build();
    try {
      var headers = new Metadata();
      headers.put(AuthInterceptor.AUTHORIZATION, "Bearer " + SERVER.world().get("shrimp_key"));
      var instances =
          InstanceServiceGrpc.newBlockingStub(channel)
              .withInterceptors(MetadataUtils.newAttachHeadersInterceptor(headers));
      var request =
          CreateInstanceRequest.newBuilder().setName("one of many").setModelProvider("custom");
      var codes =
          atOnce(
              () -> {
                try {
                  var _ = instances.createInstance(request.build());
                  return Status.Code.OK;
                } catch (StatusRuntimeException refused) {
                  return refused.getStatus().getCode();
                }
              });
      assertThat(codes.stream().collect(groupingBy(code -> code, counting())))
          .isEqualTo(Map.of(Status.Code.OK, 1L, Status.Code.RESOURCE_EXHAUSTED, 199L));
    } finally {
      channel.shutdownNow();
    }
  }

  private static int count(String key) throws IOException {
    return SERVER
        .call(key, RawHttp.Request.of("GET", "/v1/instances?page_size=100"))
        .json()
        .get("instances")
        .size();
  }

  private static <T> List<T> atOnce(Callable<T> call)
      throws InterruptedException, ExecutionException {
    try (var threads = Executors.newVirtualThreadPerTaskExecutor()) {
      var answers = new ArrayList<T>();
      for (Future<T> answer : threads.invokeAll(Collections.nCopies(CREATES, call))) {
        answers.add(answer.get());
      }
      return answers;
    }
  }
}
