package dev.chowder.server.node;

import static org.assertj.core.api.Assertions.assertThat;

import dev.chowder.api.v1.GetFileContentRequest;
import dev.chowder.api.v1.Reason;
import dev.chowder.api.v1.TailLogsRequest;
import dev.chowder.server.error.Rejection;
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
  void filesAndLogsAreAccessibleAfterTheOperatorNamesThePreviousHost() throws IOException {
    String key;
    String id;
    try (var before = Node.start(home, Map.of())) {
      key = before.newcomer("shrimp");
      id = before.createRunning(key);
      before.putFile(key, id, "note", "kept");
      assertThat(note(before, key, id)).isEqualTo("kept");
    }
    try (var moved = nodeOnAnotherMachine("")) {
      for (var call : calls(moved, key, id)) {
        Rejection.of(call::run)
            .hasReason(Reason.GATEWAY_UNAVAILABLE)
            .shows("does not have the host");
      }
    }
    try (var named = nodeOnAnotherMachine("other, simulated")) {
      assertThat(note(named, key, id)).isEqualTo("kept");
      for (var call : calls(named, key, id)) call.run();
    }
  }

  /** The journal names the host on which the sandbox was created. */
  @Test
  void aSandboxThatWasCreatedAfterTheMoveIsOnTheNewHost() throws IOException {
    try (var moved = nodeOnAnotherMachine("")) {
      var key = moved.newcomer("shrimp");
      var id = moved.createRunning(key);
      moved.putFile(key, id, "note", "new");
      assertThat(note(moved, key, id)).isEqualTo("new");
    }
  }

  private Node nodeOnAnotherMachine(String movedHosts) throws IOException {
    var host = Node.host(home.resolve("sandboxes"));
    host.identifyAs("another");
    return Node.start(home, host, Map.of("chowder.sandbox.moved-hosts", movedHosts));
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
