package dev.chowder.server.node;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.Struct;
import com.google.protobuf.Value;
import dev.chowder.api.v1.CreateKeyRequest;
import dev.chowder.api.v1.Key;
import dev.chowder.api.v1.UpdateInstanceRequest;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Tests that a key with a session prefix changes an agent's configuration. */
class SessionVisibilityTest {
  @TempDir Path home;

  @Test
  void aKeyWithASessionPrefixLimitsTheSessionToolsUnlessTheyAreSet() throws IOException {
    try (var node = Node.start(home, Map.of("chowder.reconciler.interval", "1h"))) {
      var key = node.newcomer("crab");
      var untouched = node.createRunning(key);
      var set = node.createRunning(key);
      var _ =
          node.instances(key)
              .updateInstance(
                  UpdateInstanceRequest.newBuilder()
                      .setInstanceId(set)
                      .setOpenclawConfig(
                          Struct.newBuilder().putFields("tools.sessions.visibility", text("agent")))
                      .build());
      var plain = CreateKeyRequest.newBuilder().setName("plain").addInstanceIds(untouched);
      var _ = node.keys(key).createKey(plain.addPermissions(Key.Permission.interact).build());
      assertThat(visibility(node, key, untouched)).as("a key without a prefix").isEmpty();

      var prefixed =
          CreateKeyRequest.newBuilder()
              .setName("front end")
              .addInstanceIds(untouched)
              .addInstanceIds(set)
              .addPermissions(Key.Permission.interact)
              .setSessionPrefix("user-7.")
              .build();
      var _ = node.keys(key).createKey(prefixed);
      assertThat(visibility(node, key, untouched)).isEqualTo("self");
      assertThat(visibility(node, key, set)).as("what the organization set").isEqualTo("agent");
      int revision = node.get(key, untouched).getRevision();
      Node.await(
          () -> node.get(key, untouched).getDesiredStatus().name().equals("running") ? "" : "busy");
      var _ = node.keys(key).createKey(prefixed.toBuilder().setName("another").build());
      assertThat(visibility(node, key, untouched)).as("again").isEqualTo("self");
      assertThat(node.get(key, untouched).getRevision())
          .as("at most the gateway's report that it applied the first change")
          .isBetween(revision, revision + 1);
    }
  }

  private static String visibility(Node node, String key, String id) {
    var config = node.get(key, id).getOpenclawConfig();
    return config
        .getFieldsOrDefault("tools", Value.getDefaultInstance())
        .getStructValue()
        .getFieldsOrDefault("sessions", Value.getDefaultInstance())
        .getStructValue()
        .getFieldsOrDefault("visibility", Value.getDefaultInstance())
        .getStringValue();
  }

  private static Value text(String text) {
    return Value.newBuilder().setStringValue(text).build();
  }
}
