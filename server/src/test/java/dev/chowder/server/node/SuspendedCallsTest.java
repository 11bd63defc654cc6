package dev.chowder.server.node;

import static org.assertj.core.api.Assertions.assertThat;

import dev.chowder.api.v1.Instance;
import dev.chowder.api.v1.Reason;
import dev.chowder.api.v1.RestartInstanceRequest;
import dev.chowder.server.error.Rejection;
import dev.chowder.simulator.FakeScript.Verb;
import io.grpc.StatusRuntimeException;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Tests that a suspension ends calls that wait, and not their work. */
class SuspendedCallsTest {
  @TempDir Path home;

  @Test
  void aCallThatWaitsEndsAndItsWorkFinishes() throws Exception {
    try (var node = start();
        var callers = Executors.newVirtualThreadPerTaskExecutor()) {
      var key = node.newcomer("shrimp");
      var id = node.createRunning(key);
      var stop = node.script().holdNext(Verb.STOP);
      var restart = RestartInstanceRequest.newBuilder().setInstanceId(id).build();
      var rejection =
          CompletableFuture.supplyAsync(
              () -> Rejection.of(() -> node.instances(key).restartInstance(restart)), callers);
      assertThat(stop.awaitCall(Duration.ofSeconds(30))).isTrue();
      var organization = "{\"organization_id\": \"" + node.organizationId(key) + "\"}";

      assertThat(node.operator("SuspendOrganization", organization).statusCode()).isEqualTo(200);

      rejection.get(30, TimeUnit.SECONDS).hasReason(Reason.ORGANIZATION_SUSPENDED);
      stop.release();
      assertThat(node.operator("ResumeOrganization", organization).statusCode()).isEqualTo(200);
      Node.await(() -> isRunning(node, key, id) ? "" : "not running");
    }
  }

  private Node start() throws IOException {
    return Node.start(home, Map.of());
  }

  private static boolean isRunning(Node node, String key, String id) {
    try {
      return node.get(key, id).getStatus() == Instance.Status.running;
    } catch (StatusRuntimeException stillSuspended) {
      return false;
    }
  }
}
