package dev.chowder.server.edge;

import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.chowder.api.v1.CreateInstanceRequest;
import dev.chowder.server.auth.AuthInterceptor;
import io.grpc.Metadata;
import io.grpc.netty.shaded.io.grpc.netty.NettyChannelBuilder;
import java.io.IOException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Tests that the check for leaks fails: a service whose errors reveal too much is detected. */
class LeaksCanaryIT {
  @RegisterExtension static final EdgeWithEnvoy EDGE = new EdgeWithEnvoy();

  @ParameterizedTest
  @ValueSource(strings = {"trace", "line", "exception", "class", "path", "key"})
  void aLeakIsFoundInARestResponse(String what) throws IOException {
    var answer =
        EDGE.call("POST", "/v1/instances", "{\"name\":\"" + StubInstances.LEAK + what + "\"}");
    assertThatThrownBy(() -> RestErrors.check(answer, 400, 3, "INVALID_FIELD"))
        .isInstanceOf(AssertionError.class)
        .hasMessageStartingWith("leaks");
  }

  @Test
  void aStackTraceIsFoundInAGrpcError() {
    var channel = NettyChannelBuilder.forAddress(EDGE.rest()).usePlaintext().build();
    try {
      var headers = new Metadata();
      headers.put(AuthInterceptor.AUTHORIZATION, "Bearer " + Edge.KEY);
      var request =
          CreateInstanceRequest.newBuilder().setName(StubInstances.LEAK + "trace").build();
      var end =
          RawGrpc.call(
              channel, "chowder.v1.InstanceService/CreateInstance", request.toByteArray(), headers);
      assertThatThrownBy(() -> Leaks.check(end.message()))
          .isInstanceOf(AssertionError.class)
          .hasMessageStartingWith("leaks");
    } finally {
      channel.shutdownNow();
    }
  }
}
