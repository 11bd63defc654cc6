package dev.chowder.server.node;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.protobuf.ByteString;
import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.Struct;
import com.google.protobuf.Value;
import dev.chowder.api.v1.ConnectChannelRequest;
import dev.chowder.api.v1.ConnectChannelResponse;
import dev.chowder.api.v1.CreateInstanceRequest;
import dev.chowder.api.v1.DeleteInstanceRequest;
import dev.chowder.api.v1.GetOrganizationRequest;
import dev.chowder.api.v1.Instance;
import dev.chowder.api.v1.ListInstanceEventsRequest;
import dev.chowder.api.v1.StartInstanceRequest;
import dev.chowder.api.v1.StopInstanceRequest;
import dev.chowder.api.v1.UpdateInstanceRequest;
import dev.chowder.api.v1.UpdateOrganizationRequest;
import dev.chowder.base.Ids;
import dev.chowder.journal.v1.InstanceEvent;
import dev.chowder.journal.v1.OrganizationEvent;
import dev.chowder.openclaw.home.OpenClawHome;
import dev.chowder.secret.MasterKey;
import dev.chowder.secret.Secret;
import dev.chowder.secret.SecretStore;
import dev.chowder.secret.SecretStore.ValueId;
import dev.chowder.server.error.Rejection;
import dev.chowder.simulator.FakeSandboxSettings;
import dev.chowder.simulator.FakeScript.Verb;
import dev.chowder.simulator.SimulatedEngine;
import dev.chowder.storage.Database;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.Executors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Tests how a node stores, shows and deletes the values of configurations and keys. Subclasses
 * choose the database.
 */
abstract class ConfigValuesContract {
  private static final Map<String, Object> SWEEPS_SOON =
      Map.of(
          "chowder.values.interval", "100ms",
          // A change on a busy machine is accepted within this time.
          "chowder.values.min-unreferenced-age", "3s",
          "chowder.values.max-batch-size", 3,
          "chowder.reconciler.interval", "200ms");

  /** Limits of waits that the last of 100 changes keeps on a busy machine. */
  private static final Map<String, Object> LONG_QUEUES =
      Map.of(
          "chowder.instance.config-change-timeout", "2m",
          "chowder.instances.openclaw-config-timeout", "2m");

  @TempDir Path home;

  /**
   * Returns the storage settings of a node with this home. The first call returns an empty
   * database.
   */
  abstract Map<String, Object> storage() throws IOException;

  /** Drops the database of {@link #storage}. */
  abstract void drop();

  private Node start(Map<String, Object> settings) throws IOException {
    return start(Node.host(home.resolve("sandboxes")), settings);
  }

  private Node start(SimulatedEngine host, Map<String, Object> settings) throws IOException {
    var all = new HashMap<>(storage());
    all.putAll(settings);
    return Node.start(home, host, all);
  }

  @AfterEach
  void end() {
    drop();
  }

  @Test
  void aRejectedChangeOfTheOrganizationLeavesTheProviderKey() throws IOException {
    try (var node = start(SWEEPS_SOON)) {
      var key = node.newcomer("crab");
      setKey(node, key, "key-that-holds");
      sendRejectedKey(node, key);
      assertThat(providerKey(node, node.createRunning(key))).isEqualTo("key-that-holds");

      setKey(node, key, "key-after");
      assertThat(providerKey(node, node.createRunning(key))).isEqualTo("key-after");
      var organization = node.organizationId(key);
      awaitSecrets(node, organization, 1);
    }
  }

  @Test
  void aStoredKeyIsNotSentToAnotherOrigin() throws IOException {
    try (var node = start(Map.of())) {
      var key = node.newcomer("crab");
      setKey(node, key, "key-that-holds");
      var moved =
          UpdateOrganizationRequest.newBuilder()
              .setModelEndpoints(endpoint("custom", "base_url", "https://attacker.example/v1"))
              .build();
      Rejection.of(() -> node.organizations(key).updateOrganization(moved))
          .hasField("model_endpoints.custom.base_url")
          .shows("model_api_keys.custom");
      assertThat(
              node.organizations(key)
                  .getOrganization(GetOrganizationRequest.getDefaultInstance())
                  .getModelEndpointsOrThrow("custom")
                  .getBaseUrl())
          .startsWith("http://localhost:");
    }
  }

  @Test
  void concurrentChangesAreAllKeptAndReachTheGateway() throws Exception {
    String id;
    // No reconciliation pass runs, since the last of many changes may wait for longer than its
    // grace period.
    try (var node = start(LONG_QUEUES);
        var threads = Executors.newVirtualThreadPerTaskExecutor()) {
      var key = node.newcomer("crab");
      id = node.createRunning(key);
      var all =
          IntStream.range(0, 100)
              .mapToObj(n -> threads.submit(() -> patch(node, key, id, "messages.x" + n, n)))
              .toList();
      for (var one : all) one.get();
      assertThat(config(node, key, id).getFieldsOrThrow("messages").getStructValue().getFieldsMap())
          .hasSize(100);
      Node.await(
          () ->
              IntStream.range(0, 100).allMatch(n -> file(node, id).contains("\"x" + n + "\""))
                  ? ""
                  : "not all in the home: " + file(node, id));
    }
    try (var node = start(SWEEPS_SOON)) {
      // The limit covers the current values, the token, Chowder's device, and nothing else.
      Node.await(() -> secrets(node, id).size() <= 35 ? "" : "kept: " + secrets(node, id));
    }
  }

  @Test
  void aChangeThatWaitsForTheSchemaDelaysNoOtherChange() throws Exception {
    try (var node = start(Map.of("chowder.instance.config-change-timeout", "200ms"));
        var threads = Executors.newVirtualThreadPerTaskExecutor()) {
      var key = node.newcomer("crab");
      var id = node.createRunning(key);
      // A simulated image has no schema, so each change reads it in a sandbox.
      var schema = node.script().holdNext(Verb.RUN);
      var waiting = threads.submit(() -> patch(node, key, id, "messages.a", 1));
      try {
        assertThat(schema.awaitCall(Duration.ofSeconds(30))).isTrue();
        var connected =
            node.channels(key)
                .connectChannel(
                    ConnectChannelRequest.newBuilder()
                        .setInstanceId(id)
                        .setChannel("telegram")
                        .putConfig("token", "12345:" + "x".repeat(35))
                        .build());
        assertThat(connected.getStatus()).isEqualTo(ConnectChannelResponse.Status.connected);
      } finally {
        schema.release();
      }
      assertThat(waiting.get().getOpenclawConfig().getFieldsMap()).containsKey("messages");
    }
  }

  @Test
  void valuesWithoutAnEventAreHiddenAndDeletedAfterTheGracePeriod() throws Exception {
    try (var node = start(SWEEPS_SOON)) {
      var key = node.newcomer("crab");
      var id = node.createRunning(key);
      patch(node, key, id, "messages.a", 1);
      // A node that died between value and event leaves the first; a change after a deletion
      // leaves the second.
      var unknown = Ids.next();
      try (var database = node.openDatabase()) {
        var store = store(node, database);
        var unnamed = "config/" + Ids.next();
        var value = Secret.of("{\"asked\":{\"x\":1},\"settled\":{},\"pending\":[]}");
        store.put(id, unnamed, value);
        assertThat(store.get(id, unnamed)).contains(value);
        assertThat(config(node, key, id).getFieldsMap()).containsOnlyKeys("messages");
        store.put(unknown, "gateway-token", Secret.of("hush"));
        store.put(unknown, "config/" + Ids.next(), Secret.of("{}"));
      }
      Node.await(
          () ->
              secrets(node, unknown).isEmpty()
                      && secrets(node, id).stream().filter(n -> n.startsWith("config/")).count()
                          == 1
                  ? ""
                  : "still there");
      assertThat(config(node, key, id).getFieldsMap()).containsOnlyKeys("messages");

      var _ =
          node.instances(key)
              .deleteInstance(DeleteInstanceRequest.newBuilder().setInstanceId(id).build());
      Node.await(() -> secrets(node, id).isEmpty() ? "" : "not removed: " + secrets(node, id));
      put(node, id, "config/" + Ids.next(), "{}");
      awaitSecrets(node, id, 0);
    }
  }

  @Test
  void manyOwnersWithoutAJournalKeepTheirValuesUntilAnOperatorReleasesThem() throws Exception {
    try (var node = start(SWEEPS_SOON)) {
      var owners = IntStream.range(0, 5).mapToObj(_ -> Ids.next()).toList();
      try (var database = node.openDatabase()) {
        var store = store(node, database);
        // One transaction, because a pass between two inserts would find only a few.
        database
            .jdbi()
            .useTransaction(
                handle -> {
                  for (var owner : owners) {
                    handle.execute(
                        "INSERT INTO secrets (owner, name, ciphertext) VALUES (?, ?, ?)",
                        owner,
                        "gateway-token",
                        new byte[] {1});
                  }
                });
        assertThat(store.valueIds(Optional.empty(), 100)).hasSize(5);
      }
      // The metric does not exist before the first pass.
      Node.await(
          () ->
              node.operator("GetReconciler").body().contains("\"halted\":true")
                  ? ""
                  : "not halted");
      assertThat(node.metric("chowder_values_halted")).isEqualTo(1);
      assertThat(node.operator("GetReconciler").body()).contains(owners.getFirst());
      // Replaced values are still deleted.
      var key = node.newcomer("crab");
      var organization = node.organizationId(key);
      var replaced = "provider/custom/" + Ids.next();
      setKey(node, key, "key-that-holds");
      put(node, organization, replaced, "key-of-before");
      Node.await(
          () -> secrets(node, organization).contains(replaced) ? "replaced key still there" : "");
      assertThat(secrets(node, organization)).hasSize(1);
      assertThat(node.metric("chowder_values_halted")).isEqualTo(1);
      for (var owner : owners) assertThat(secrets(node, owner)).hasSize(1);
      assertThat(node.operator("ReleaseReconciler").statusCode()).isEqualTo(200);
      for (var owner : owners) awaitSecrets(node, owner, 0);
      assertThat(node.metric("chowder_values_halted")).isZero();
    }
  }

  @Test
  void rejectedKeysOfManyOrganizationsAreDeletedWithoutARelease() throws IOException {
    var kept = new HashMap<String, Integer>();
    try (var node = start(Map.of())) {
      for (int n = 0; n < 6; n++) {
        var key = node.newcomer("crab");
        if (n % 2 == 1) setKey(node, key, "key-that-holds");
        sendRejectedKey(node, key);
        var organization = node.organizationId(key);
        assertThat(secrets(node, organization)).hasSize(n % 2 + 1);
        kept.put(organization, n % 2);
      }
    }
    // One pass of another process finds all of them, so they become due at the same time.
    try (var node = start(SWEEPS_SOON)) {
      kept.forEach((organization, count) -> awaitSecrets(node, organization, count));
      assertThat(node.metric("chowder_values_halted")).isZero();
    }
  }

  @Test
  void manyKeysThatAnOlderJournalOmitsAreKeptUntilAnOperatorReleasesThem() throws IOException {
    var organizations = new ArrayList<String>();
    try (var node = start(Map.of())) {
      for (int n = 0; n < 5; n++) {
        var key = node.newcomer("crab");
        setKey(node, key, "key-that-the-journal-names");
        organizations.add(node.organizationId(key));
      }
      try (var database = node.openDatabase()) {
        var store = store(node, database);
        for (var organization : organizations) {
          var replaced = secrets(node, organization).getFirst();
          store.put(organization, "provider/custom/" + Ids.next(), Secret.of("later key"));
          store.delete(organization, replaced);
        }
      }
    }
    try (var node = start(SWEEPS_SOON)) {
      Node.await(() -> node.metric("chowder_values_halted") == 1 ? "" : "not halted");
      for (var organization : organizations) assertThat(secrets(node, organization)).hasSize(1);
      assertThat(node.operator("ReleaseReconciler").statusCode()).isEqualTo(200);
      for (var organization : organizations) awaitSecrets(node, organization, 0);
    }
  }

  /** Changes the database to what version 665faa7 would have written, rows and events. */
  @Test
  void anInstallationOfAnOlderVersionKeepsItsConfigurationKeysAndChanges() throws Exception {
    String key;
    String id;
    String organization;
    try (var node = start(Map.of())) {
      key = node.newcomer("crab");
      organization = node.organizationId(key);
      setKey(node, key, "key-of-before");
      id = create(node, key, Map.of("messages.first", number(1)));
      node.awaitStatus(key, id, Instance.Status.running);
      patch(node, key, id, "messages.second", 2);
      Node.await(() -> file(node, id(node, key)).contains("second") ? "" : "not applied");
    }
    try (var node = start(Map.of("chowder.reconciler.interval", "1h"))) {
      makeOlder(node, id, organization);
    }
    try (var node = start(SWEEPS_SOON)) {
      assertThat(shown(node, key, id)).containsOnlyKeys("first", "second");
      assertThat(
              node.instances(key)
                  .listInstances(dev.chowder.api.v1.ListInstancesRequest.getDefaultInstance())
                  .getInstances(0)
                  .getOpenclawConfig()
                  .getFieldsMap())
          .containsOnlyKeys("messages");
      patch(node, key, id, "messages.third", 3);
      assertThat(shown(node, key, id)).containsOnlyKeys("first", "second", "third");
      Node.await(() -> file(node, id).contains("third") ? "" : "not applied");
      assertThat(providerKey(node, node.createRunning(key))).isEqualTo("key-of-before");
      var _ =
          node.instances(key)
              .stopInstance(StopInstanceRequest.newBuilder().setInstanceId(id).setWait(30).build());
      patch(node, key, id, "messages.fourth", 4);
      var _ =
          node.instances(key)
              .startInstance(
                  StartInstanceRequest.newBuilder().setInstanceId(id).setWait(30).build());
      assertThat(file(node, id)).contains("first", "second", "third", "fourth");
      // The old row is no longer needed.
      Node.await(() -> secrets(node, id).contains("openclaw-config") ? "still there" : "");
      setKey(node, key, "key-after");
      awaitSecrets(node, organization, 1);
      assertThat(secrets(node, organization).getFirst()).startsWith("provider/custom/");
      assertThat(shown(node, key, id)).hasSize(4);
    }
  }

  @Test
  void noSecretOfAnAgentReachesItsErrorMessageOrItsHistory() throws Exception {
    var slow =
        new FakeSandboxSettings(
            Optional.of(home.resolve("sandboxes")),
            Duration.ZERO,
            Duration.ofSeconds(30),
            Duration.ZERO,
            1L << 50,
            1L << 30);
    try (var node = start(new SimulatedEngine(slow), Map.of())) {
      var key = node.newcomer("crab");
      setKey(node, key, "key-that-the-agent-got");
      var id = create(node, key, Map.of("channels.x.botToken", text("12345:bot-hush")));
      Node.await(() -> node.get(key, id).getStage().equals("start_gateway") ? "" : "not there yet");
      Node.await(() -> node.host().observe(Node.sandbox(id)).endpoint().isPresent() ? "" : "boots");
      var token =
          node.host()
              .homes()
              .readFile(Node.sandbox(id), OpenClawHome.GATEWAY_TOKEN, 1000)
              .orElseThrow()
              .toStringUtf8()
              .strip();
      // The agent keeps the key with which it was provisioned.
      setKey(node, key, "sk-the-organizations-key");
      node.host()
          .crash(
              Node.sandbox(id),
              1,
              "x".repeat(1400)
                  + " 401 for sk-the-organizations-key, bot 12345:bot-hush, before that"
                  + " key-that-the-agent-got, a skill's ghp_"
                  + "a1".repeat(18)
                  + ", gateway "
                  + token
                  + ", "
                  + "y".repeat(1300));
      var failed = node.awaitStatus(key, id, Instance.Status.error);
      assertThat(failed.getErrorMessage()).contains("***").contains("y".repeat(100));
      var history =
          node.instances(key)
              .listInstanceEvents(ListInstanceEventsRequest.newBuilder().setInstanceId(id).build())
              .toString();
      for (var secret : List.of("organizations-key", "bot-hush", "agent-got", "ghp_", token)) {
        assertThat(failed.getErrorMessage()).doesNotContain(secret);
        assertThat(history).doesNotContain(secret);
      }
    }
  }

  private static String id(Node node, String key) {
    return node.instances(key)
        .listInstances(dev.chowder.api.v1.ListInstancesRequest.getDefaultInstance())
        .getInstances(0)
        .getId();
  }

  private static String create(Node node, String key, Map<String, Value> config) {
    return node.instances(key)
        .createInstance(
            CreateInstanceRequest.newBuilder()
                .setName("one")
                .setModelProvider("custom")
                .setOpenclawConfig(Struct.newBuilder().putAllFields(config))
                .build())
        .getId();
  }

  private static void setKey(Node node, String key, String value) {
    var _ =
        node.organizations(key)
            .updateOrganization(
                UpdateOrganizationRequest.newBuilder().putModelApiKeys("custom", value).build());
  }

  /** Sends a change with a key for {@code custom} that is rejected for another provider. */
  private static void sendRejectedKey(Node node, String key) {
    var rejected =
        UpdateOrganizationRequest.newBuilder()
            .putModelApiKeys("custom", "key-of-a-rejected-change")
            .setModelEndpoints(endpoint("openai", "model", "gpt"))
            .build();
    assertThatThrownBy(() -> node.organizations(key).updateOrganization(rejected))
        .isInstanceOfSatisfying(
            StatusRuntimeException.class,
            why -> assertThat(why.getStatus().getCode()).isEqualTo(Status.Code.INVALID_ARGUMENT));
  }

  private static Struct endpoint(String provider, String field, String value) {
    var fields =
        Value.newBuilder().setStructValue(Struct.newBuilder().putFields(field, text(value)));
    return Struct.newBuilder().putFields(provider, fields.build()).build();
  }

  private static Instance patch(Node node, String key, String id, String name, int value) {
    return node.instances(key)
        .updateInstance(
            UpdateInstanceRequest.newBuilder()
                .setInstanceId(id)
                .setOpenclawConfig(Struct.newBuilder().putFields(name, number(value)))
                .build());
  }

  private static Struct config(Node node, String key, String id) {
    return node.get(key, id).getOpenclawConfig();
  }

  private static Map<String, Value> shown(Node node, String key, String id) {
    return config(node, key, id).getFieldsOrThrow("messages").getStructValue().getFieldsMap();
  }

  private static Value number(int value) {
    return Value.newBuilder().setNumberValue(value).build();
  }

  private static Value text(String text) {
    return Value.newBuilder().setStringValue(text).build();
  }

  private static String file(Node node, String id) {
    return node.host()
        .homes()
        .readFile(Node.sandbox(id), OpenClawHome.CONFIG, 1 << 20)
        .orElseThrow()
        .toStringUtf8();
  }

  private static String providerKey(Node node, String id) {
    return node.host()
        .homes()
        .readFile(Node.sandbox(id), OpenClawHome.PROVIDER_KEY, 1000)
        .orElseThrow()
        .toStringUtf8()
        .strip();
  }

  private static void awaitSecrets(Node node, String owner, int count) {
    Node.await(
        () -> secrets(node, owner).size() == count ? "" : "secrets: " + secrets(node, owner));
  }

  private static List<String> secrets(Node node, String owner) {
    try (var database = node.openDatabase()) {
      return store(node, database).valueIds(Optional.of(new ValueId(owner, " ")), 100).stream()
          .filter(place -> place.owner().equals(owner))
          .map(ValueId::name)
          .toList();
    }
  }

  private static void put(Node node, String owner, String name, String value) {
    try (var database = node.openDatabase()) {
      store(node, database).put(owner, name, Secret.of(value));
    }
  }

  private static SecretStore store(Node node, Database database) {
    return new SecretStore(MasterKey.open(node.secretSettings(), database), database);
  }

  private static void makeOlder(Node node, String id, String organization)
      throws InvalidProtocolBufferException {
    try (var database = node.openDatabase()) {
      var store = store(node, database);
      move(store, id, "config/", "openclaw-config", true);
      move(store, organization, "provider/custom/", "provider/custom", false);
      database
          .jdbi()
          .useTransaction(
              handle -> {
                var rows =
                    handle
                        .createQuery(
                            "SELECT \"ordering\", \"persistence_id\", \"event_payload\" FROM"
                                + " \"event_journal\"")
                        .map(
                            (row, _) ->
                                new JournalRow(
                                    row.getLong(1),
                                    row.getString(2),
                                    ByteString.copyFrom(row.getBytes(3))))
                        .list();
                for (var row : rows) {
                  handle.execute(
                      "UPDATE \"event_journal\" SET \"event_payload\" = ? WHERE \"ordering\" = ?",
                      older(row, id, organization),
                      row.ordering());
                }
                handle.execute("DELETE FROM instances");
              });
    }
  }

  private record JournalRow(long ordering, String entity, ByteString payload) {}

  private static byte[] older(JournalRow row, String id, String organization)
      throws InvalidProtocolBufferException {
    if (row.entity().equals("Instance|" + id)) return olderInstance(row.payload());
    if (row.entity().equals("Organization|" + organization))
      return olderOrganization(row.payload());
    return row.payload().toByteArray();
  }

  /** Returns the current ledger as applied: an older version changed its single row. */
  private static void move(
      SecretStore store, String owner, String beginning, String name, boolean applied) {
    var all = store.getAllOf(owner, beginning);
    var newest = all.keySet().stream().max(String::compareTo).orElseThrow();
    var value = Objects.requireNonNull(all.get(newest));
    store.put(
        owner,
        name,
        applied
            ? dev.chowder.openclaw.config.OverrideLedger.of(value).applied().toSecret()
            : value);
    for (var each : all.keySet()) store.delete(owner, each);
  }

  private static byte[] olderInstance(ByteString payload) throws InvalidProtocolBufferException {
    var event = InstanceEvent.parseFrom(payload).toBuilder();
    if (event.hasCreated()) event.getCreatedBuilder().clearOverridesVersion();
    if (event.hasUpdated()) event.getUpdatedBuilder().clearOverridesVersion();
    if (event.hasStageFinished()) event.getStageFinishedBuilder().clearOverridesVersion();
    if (event.hasConfigApplied()) event.getConfigAppliedBuilder().clearOverridesVersion();
    return event.build().toByteArray();
  }

  private static byte[] olderOrganization(ByteString payload)
      throws InvalidProtocolBufferException {
    var event = OrganizationEvent.parseFrom(payload).toBuilder();
    if (event.hasProviderKeySet()) event.getProviderKeySetBuilder().clearVersion();
    return event.build().toByteArray();
  }
}
