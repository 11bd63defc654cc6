package dev.chowder.server.node;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.Struct;
import com.google.protobuf.Value;
import dev.chowder.api.v1.CreateKeyRequest;
import dev.chowder.api.v1.Key;
import dev.chowder.api.v1.UpdateInstanceRequest;
import dev.chowder.base.Ids;
import dev.chowder.key.ApiKeys;
import dev.chowder.key.KeyScope;
import dev.chowder.key.KeySettings;
import dev.chowder.key.Permission;
import dev.chowder.key.ScopedKeys;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
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

  @Test
  void aStartLimitsTheSessionToolsForKeysOfEarlierVersions() throws IOException {
    var settings =
        Map.<String, Object>of(
            "chowder.reconciler.interval",
            "1h",
            "chowder.key.session-visibility-retry-interval",
            "1h");
    String key;
    String named;
    String set;
    String ended;
    try (var node = Node.start(home, settings);
        var database = node.openDatabase()) {
      key = node.newcomer("crab");
      named = node.createRunning(key);
      set = node.createRunning(key);
      ended = node.createRunning(key);
      var visible = Struct.newBuilder().putFields("tools.sessions.visibility", text("agent"));
      var _ =
          node.instances(key)
              .updateInstance(
                  UpdateInstanceRequest.newBuilder()
                      .setInstanceId(set)
                      .setOpenclawConfig(visible)
                      .build());
      // As an earlier version did, which changed no agent's configuration.
      var keySettings = new KeySettings(Duration.ZERO, 1, 10);
      var clock = InstantSource.system();
      var all = new ApiKeys(database, keySettings, clock);
      var keys = new ScopedKeys(database, all, keySettings, clock);
      var organization = node.organizationId(key);
      var caller = all.issueOrganizationKey(organization).keyId();
      // A pass processes them in this order.
      var _ = issue(keys, organization, caller, Ids.next());
      var revoked = issue(keys, organization, caller, ended);
      assertThat(keys.revoke(organization, revoked, caller)).isTrue();
      var _ = issue(keys, organization, caller, set);
      var _ = issue(keys, organization, caller, named);
      assertThat(visibility(node, key, named)).isEmpty();
    }
    try (var node =
        Node.start(
            home,
            Map.of(
                "chowder.reconciler.interval",
                "1h",
                "chowder.key.session-visibility-retry-interval",
                "100ms"))) {
      Node.await(() -> visibility(node, key, named).equals("self") ? "" : "not limited");
      assertThat(visibility(node, key, set)).as("what the organization set").isEqualTo("agent");
      assertThat(visibility(node, key, ended)).as("a key that was revoked").isEmpty();
    }
  }

  private static String issue(
      ScopedKeys keys, String organization, String caller, String instance) {
    var scope = new KeyScope(Set.of(instance), Set.of(Permission.INTERACT), Optional.of("user-7."));
    var id = Ids.next();
    assertThat(keys.issue(organization, caller, id, "earlier", scope, Optional.empty()))
        .isInstanceOf(ScopedKeys.Issue.Created.class);
    return id;
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
