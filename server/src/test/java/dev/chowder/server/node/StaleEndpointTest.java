package dev.chowder.server.node;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.chowder.api.v1.ListSessionsRequest;
import dev.chowder.api.v1.ListSessionsResponse;
import dev.chowder.sandbox.SandboxException.Reason;
import dev.chowder.simulator.FakeScript.Verb;
import io.grpc.StatusRuntimeException;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Tests calls to gateways after the engine may have restarted. */
class StaleEndpointTest {
  @TempDir Path home;

  @Test
  void anAddressIsUsedOnlyIfTheEngineConfirmsItAfterARestart() throws Exception {
    var host = Node.host(home.resolve("sandboxes"));
    try (var node = Node.start(home, host, Map.of("chowder.reconciler.interval", "1h"))) {
      var key = node.newcomer("shrimp");
      var id = node.createRunning(key);
      assertThat(sessions(node, key, id).getSessionsList()).isEmpty();

      host.host().breakEvents();
      assertThat(sessions(node, key, id).getSessionsList()).as("broken stream").isEmpty();

      host.host().breakEvents();
      node.script().failNext(Verb.OBSERVE, 1, Reason.ENGINE_UNREACHABLE, "it starts");
      assertThatThrownBy(() -> sessions(node, key, id))
          .isInstanceOf(StatusRuntimeException.class)
          .hasMessageContaining("does not confirm its address");
      assertThat(sessions(node, key, id).getSessionsList()).as("read again").isEmpty();
    }
  }

  private static ListSessionsResponse sessions(Node node, String key, String id) {
    return node.instances(key)
        .listSessions(ListSessionsRequest.newBuilder().setInstanceId(id).build());
  }
}
