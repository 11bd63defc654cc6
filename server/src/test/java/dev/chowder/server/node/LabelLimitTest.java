package dev.chowder.server.node;

import static org.assertj.core.api.Assertions.assertThat;

import dev.chowder.api.v1.Instance;
import dev.chowder.api.v1.UpdateInstanceRequest;
import dev.chowder.server.error.Rejection;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Tests the limit of the labels that several updates give an instance, through a whole node. */
class LabelLimitTest {
  private static final int LIMIT = 64;

  @TempDir Path home;

  @Test
  void updatesCannotGiveAnInstanceMoreLabelsThanTheLimit() throws IOException {
    try (var node = Node.start(home, Map.of("chowder.reconciler.interval", "1h"))) {
      var key = node.newcomer("shrimp");
      var id = node.createRunning(key);
      int others = node.get(key, id).getLabelsCount();
      assertThat(relabel(node, key, id, labels(LIMIT - others)).getLabelsMap()).hasSize(LIMIT);

      var rejected = Rejection.of(() -> relabel(node, key, id, Map.of("one", "more")));
      rejected.hasField("labels").shows(LIMIT, LIMIT + 1);
      assertThat(node.get(key, id).getLabelsMap()).hasSize(LIMIT).doesNotContainKey("one");

      assertThat(relabel(node, key, id, Map.of("n0", "", "one", "more")).getLabelsMap())
          .hasSize(LIMIT)
          .containsEntry("one", "more");
    }
  }

  private static Map<String, String> labels(int count) {
    return IntStream.range(0, count).boxed().collect(Collectors.toMap(n -> "n" + n, n -> "1"));
  }

  private static Instance relabel(Node node, String key, String id, Map<String, String> labels) {
    return node.instances(key)
        .updateInstance(
            UpdateInstanceRequest.newBuilder().setInstanceId(id).putAllLabels(labels).build());
  }
}
