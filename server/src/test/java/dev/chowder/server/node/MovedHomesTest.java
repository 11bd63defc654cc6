package dev.chowder.server.node;

import static dev.chowder.server.operator.OperatorCalls.request;
import static org.assertj.core.api.Assertions.assertThat;

import dev.chowder.api.v1.GetFileContentRequest;
import dev.chowder.api.v1.Reason;
import dev.chowder.api.v1.TailLogsRequest;
import dev.chowder.server.error.Rejection;
import dev.chowder.server.operator.OperatorCalls.Answer;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Tests an instance whose home volume was moved to the engine of another machine. */
class MovedHomesTest {
  @TempDir Path home;

  @Test
  void filesAndLogsAreAccessibleAfterTheOperatorRebindsThePreviousHost() throws IOException {
    String key;
    String id;
    try (var before = Node.start(home, Map.of())) {
      key = before.newcomer("shrimp");
      id = before.createRunning(key);
      before.putFile(key, id, "note", "kept");
      assertThat(note(before, key, id)).isEqualTo("kept");
    }
    try (var moved = nodeOnAnotherMachine()) {
      assertRejected(moved, key, id);
      assertThat(moved.operator("ListHosts").body())
          .contains(host("another", true, 0))
          .contains(host("simulated", false, 1));

      var rebound = moved.operator("RebindHost", request("host", "simulated"));
      assertThat(rebound.statusCode()).isEqualTo(200);
      assertThat(rebound.body()).contains("\"rebound_to\":\"another\",\"rebound_at\":\"20");
      assertThat(note(moved, key, id)).isEqualTo("kept");
      for (var call : calls(moved, key, id)) call.run();
    }
    try (var restarted = nodeOnAnotherMachine()) {
      assertThat(note(restarted, key, id)).isEqualTo("kept");
      var unbound = restarted.operator("UnbindHost", request("host", "simulated"));
      assertThat(unbound.statusCode()).isEqualTo(200);
      assertThat(unbound.body()).doesNotContain("rebound_to");
      assertRejected(restarted, key, id);
    }
  }

  @Test
  void aHostThatCannotBeReboundIsRejected() throws IOException {
    try (var node = Node.start(home, Map.of())) {
      for (var rpc : List.of("RebindHost", "UnbindHost")) {
        assertRejected(node.operator(rpc, request("host", "simulated")), 409, "WRONG_STATE");
        assertRejected(node.operator(rpc, request("host", "unknown")), 400, "INVALID_FIELD");
        assertRejected(node.operator(rpc), 400, "INVALID_FIELD");
      }
    }
  }

  /** The journal names the host on which the sandbox was created. */
  @Test
  void aSandboxThatWasCreatedAfterTheMoveIsOnTheNewHost() throws IOException {
    try (var moved = nodeOnAnotherMachine()) {
      var key = moved.newcomer("shrimp");
      var id = moved.createRunning(key);
      moved.putFile(key, id, "note", "new");
      assertThat(note(moved, key, id)).isEqualTo("new");
    }
  }

  private Node nodeOnAnotherMachine() throws IOException {
    var host = Node.host(home.resolve("sandboxes"));
    host.identifyAs("another");
    return Node.start(home, host, Map.of());
  }

  private static String host(String host, boolean own, int instances) {
    return "{\"engine\":\"fake\",\"host\":\"%s\",\"own\":%s,\"instance_count\":%d}"
        .formatted(host, own, instances);
  }

  private static void assertRejected(Answer answer, int status, String reason) {
    assertThat(answer.statusCode()).isEqualTo(status);
    assertThat(answer.body()).contains(reason);
  }

  private static void assertRejected(Node node, String key, String id) {
    for (var call : calls(node, key, id)) {
      Rejection.of(call::run).hasReason(Reason.GATEWAY_UNAVAILABLE).shows("does not have the host");
    }
  }

  private static Iterable<Runnable> calls(Node node, String key, String id) {
    return List.of(
        () -> {
          var _ = note(node, key, id);
        },
        () -> {
          var lines =
              node.instances(key).tailLogs(TailLogsRequest.newBuilder().setInstanceId(id).build());
          while (lines.hasNext()) {
            var _ = lines.next();
          }
        });
  }

  private static String note(Node node, String key, String id) {
    return node.files(key)
        .getFileContent(
            GetFileContentRequest.newBuilder().setInstanceId(id).setPath("note").build())
        .getContent();
  }
}
