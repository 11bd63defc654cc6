package dev.chowder.server.node;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;

import dev.chowder.api.v1.Instance;
import dev.chowder.api.v1.Reason;
import dev.chowder.api.v1.UpdateInstanceRequest;
import dev.chowder.server.error.ApiError;
import io.grpc.StatusRuntimeException;
import io.grpc.protobuf.StatusProto;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Tests the limit of the bytes of events that an organization causes, through a whole node. */
class EventBytesTest {
  private static final Map<String, Object> SETTINGS =
      Map.of(
          "chowder.reconciler.interval",
          "1h",
          "chowder.instance.max-event-bytes-per-day",
          "32 KiB");

  private static final String TEXT = "x".repeat(200);
  private static final String OTHER = "y".repeat(210);

  @TempDir Path home;

  @Test
  void aChangeBeyondTheBytesOfADayIsRefusedAlsoAfterARestart() throws IOException {
    String key;
    String other;
    String id;
    try (var node = Node.start(home, SETTINGS)) {
      key = node.newcomer("shrimp");
      other = node.newcomer("shrimp");
      id = node.createRunning(key);
      int accepted = 0;
      while (refusal(node, key, id, TEXT + accepted).isEmpty()) accepted++;
      // Each event has all labels.
      assertThat(accepted).isBetween(20, 60);

      var refused = refusal(node, key, id, OTHER).orElseThrow();
      assertThat(refused.reason()).isEqualTo(Reason.RATE_LIMITED);
      assertThat(node.get(key, id).getLabelsOrThrow("note")).isEqualTo(TEXT + (accepted - 1));
      // Nothing changes, so there is no event.
      assertThat(refusal(node, key, id, TEXT + (accepted - 1))).isEmpty();
      assertThat(node.metric("chowder_event_bytes_refusals_total")).isEqualTo(2);
      assertThat(node.metric("chowder_event_bytes_total")).isBetween(20_000.0, 70_000.0);
    }
    try (var node = Node.start(home, SETTINGS)) {
      assertThat(refusal(node, key, id, OTHER)).isPresent();
      var neighbor = node.createRunning(other);
      assertThat(refusal(node, other, neighbor, "mine")).isEmpty();
    }
  }

  private static Optional<ApiError> refusal(Node node, String key, String id, String label) {
    try {
      Instance changed =
          node.instances(key)
              .updateInstance(
                  UpdateInstanceRequest.newBuilder()
                      .setInstanceId(id)
                      .putLabels("note", label)
                      .build());
      assertThat(changed.getLabelsOrThrow("note")).isEqualTo(label);
      return Optional.empty();
    } catch (StatusRuntimeException refused) {
      return Optional.of(ApiError.of(requireNonNull(StatusProto.fromThrowable(refused))));
    }
  }
}
