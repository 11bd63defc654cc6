package dev.chowder.operate.admin.storage;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.google.protobuf.Message;
import com.google.protobuf.util.JsonFormat;
import dev.chowder.api.v1.ChannelServiceGrpc;
import dev.chowder.api.v1.DeleteInstanceRequest;
import dev.chowder.api.v1.GetChannelRequest;
import dev.chowder.api.v1.GetGatewayAccessRequest;
import dev.chowder.api.v1.GetInstanceRequest;
import dev.chowder.api.v1.GetOrganizationRequest;
import dev.chowder.api.v1.Instance;
import dev.chowder.api.v1.InstanceServiceGrpc;
import dev.chowder.api.v1.InstanceServiceGrpc.InstanceServiceBlockingStub;
import dev.chowder.api.v1.KeyServiceGrpc;
import dev.chowder.api.v1.ListInstanceEventsRequest;
import dev.chowder.api.v1.ListInstancesRequest;
import dev.chowder.api.v1.ListKeysRequest;
import dev.chowder.api.v1.OrganizationServiceGrpc;
import dev.chowder.api.v1.RecoverInstanceRequest;
import dev.chowder.api.v1.StartInstanceRequest;
import dev.chowder.base.Await;
import dev.chowder.operate.AdminProcess;
import dev.chowder.server.crash.Disk;
import dev.chowder.server.crash.HomeStorage;
import dev.chowder.server.crash.RecordedInstallation;
import dev.chowder.server.crash.ServerProcess;
import io.grpc.Metadata;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.stub.AbstractBlockingStub;
import io.grpc.stub.MetadataUtils;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Starts this version on an installation of an earlier one. It must return the recorded responses,
 * and its instances must continue. Sandboxes are simulated; {@code UpgradeE2E} uses Docker.
 */
@ParameterizedClass
@MethodSource("records")
class UpgradeIT {
  private static final Duration LIMIT = Duration.ofSeconds(60);
  private static final int PAGE = 100;
  private static final ObjectMapper JSON = new ObjectMapper();

  /**
   * Fields that may differ, because a new server continues counters and has another address, and
   * because the simulated host has no frozen process.
   */
  private static final Set<String> OPEN =
      Set.of(
          "revision", "updated_at", "gateway_url", "last_used_at", "sleep_level", "memory_bytes");

  @TempDir private Path base;
  private final RecordedInstallation recorded;
  private Path home;
  private Disk disk;

  UpgradeIT(RecordedInstallation recorded) {
    this.recorded = recorded;
  }

  static List<RecordedInstallation> records() {
    return RecordedInstallation.all();
  }

  @BeforeEach
  void makeHome() throws IOException {
    home = Files.createDirectory(base.resolve("home"));
    ServerProcess.disarm(home);
    disk = new Disk(ServerProcess.sandboxes(home));
  }

  @Test
  void onH2EverythingIsUnchangedAndContinues() throws IOException {
    recorded.placeHome(home);
    recorded.placeH2(home);
    continues(new HomeStorage.File());
  }

  @Test
  void onPostgresEverythingIsUnchangedAndContinues() throws IOException, SQLException {
    recorded.placeHome(home);
    try (var postgres = new HomeStorage.Postgres()) {
      assertThat(postgres.environment(home)).isNotEmpty();
      try (var empty = postgres.connect(home)) {
        recorded.placePostgres(empty);
      }
      // Nodes never change the tables of a PostgreSQL that others may use, so an operator migrates
      // them.
      var migrated = AdminProcess.run(home, postgres.environment(home), "migrate");
      assertThat(migrated.exit()).as(migrated.said()).isZero();
      continues(postgres);
    }
  }

  @Test
  void aBackupRestoredIntoAnEmptyInstallationContinues() throws IOException {
    var original = base.resolve("original");
    recorded.placeHome(original);
    Files.copy(original.resolve("master.key"), home.resolve("master.key"));

    var restored = AdminProcess.run(home, Map.of(), "restore", recorded.backup().toString());
    assertThat(restored.exit()).as(restored.said()).isZero();

    assertThat(home.resolve("cluster-id")).hasSameTextualContentAs(original.resolve("cluster-id"));
    continues(new HomeStorage.File());
  }

  private void continues(HomeStorage storage) throws IOException {
    recorded.placeOnSimulator(disk.root());
    try (var server = ServerProcess.start(home, storage)) {
      answersAsBefore(server);
      keysStillWork(server);
      instancesContinue(server);
    }
  }

  private void answersAsBefore(ServerProcess server) throws IOException {
    var owner = instances(server, "organization");
    var page = ListInstancesRequest.newBuilder().setPageSize(PAGE).build();
    same(recorded.answer("instances"), owner.listInstances(page));
    same(recorded.answer("neighbor-instances"), instances(server, "neighbor").listInstances(page));
    for (var of : List.of("organization", "neighbor")) {
      var organizations = with(OrganizationServiceGrpc.newBlockingStub(server.channel()), of);
      same(
          recorded.answer(of),
          organizations.getOrganization(GetOrganizationRequest.getDefaultInstance()));
    }
    var keys = with(KeyServiceGrpc.newBlockingStub(server.channel()), "organization");
    same(
        recorded.answer("keys"),
        keys.listKeys(ListKeysRequest.newBuilder().setPageSize(PAGE).build()));
    var events =
        json(
            owner.listInstanceEvents(
                ListInstanceEventsRequest.newBuilder().setPageSize(PAGE).build()));
    // A start may add events.
    assertThat(withoutOpen(events.path("events")))
        .containsAll(withoutOpen(recorded.answer("events").path("events")));
    var channels = with(ChannelServiceGrpc.newBlockingStub(server.channel()), "organization");
    var telegram = GetChannelRequest.newBuilder().setChannel("telegram");
    same(
        recorded.answer("channel"),
        channels.getChannel(telegram.setInstanceId(recorded.instance("sleeper")).build()));
    assertThat(
            channels
                .getChannel(telegram.setInstanceId(recorded.instance("crashed")).build())
                .getEnabled())
        .isFalse();
    for (var instance : List.of("hello", "sleeper")) {
      var access =
          owner.getGatewayAccess(
              GetGatewayAccessRequest.newBuilder()
                  .setInstanceId(recorded.instance(instance))
                  .build());
      assertThat(access.getGatewayToken()).isEqualTo(recorded.gatewayToken(instance));
    }
  }

  private void keysStillWork(ServerProcess server) {
    assertThat(get(server, "front end", "hello").getName()).isEqualTo("hello");
    rejects(server, "front end", "sleeper", Status.Code.NOT_FOUND);
    assertThat(get(server, "configurator", "sleeper").getName()).isEqualTo("sleeper");
    rejects(server, "revoked", "hello", Status.Code.UNAUTHENTICATED);
    rejects(server, "neighbor", "hello", Status.Code.NOT_FOUND);
  }

  private void instancesContinue(ServerProcess server) throws IOException {
    var owner = instances(server, "organization");
    owner.startInstance(
        StartInstanceRequest.newBuilder().setInstanceId(recorded.instance("sleeper")).build());
    recover(server, "organization", "crashed");
    recover(server, "neighbor", "never-ran");
    awaitRunning(server, "organization", "sleeper");
    awaitRunning(server, "organization", "crashed");
    awaitRunning(server, "neighbor", "never-ran");
    awaitRunning(server, "organization", "hello");

    // Applied and pending changes are present.
    var sleeper = config("sleeper");
    assertThat(sleeper.at("/messages/ackReaction").asText()).isEqualTo("tada");
    assertThat(sleeper.at("/skills/entries/weather/apiKey").asText())
        .isEqualTo("weather-key-of-the-record");
    assertThat(sleeper.at("/channels/telegram/enabled").asBoolean()).isTrue();
    assertThat(config("crashed").at("/channels/telegram/enabled").asBoolean(true)).isFalse();
    // An agent receives its provider's key at each start.
    assertThat(
            Files.readString(
                disk.home(sandbox("sleeper")).resolve(".openclaw/chowder/provider-key")))
        .isEqualTo("sk-of-the-record");

    for (var name : List.of("hello", "sleeper", "crashed")) delete(server, "organization", name);
    delete(server, "neighbor", "never-ran");
    for (var of : List.of("organization", "neighbor")) {
      assertThat(
              instances(server, of)
                  .listInstances(ListInstancesRequest.getDefaultInstance())
                  .getInstancesList())
          .isEmpty();
    }
    Await.untilSolved(LIMIT, this::left, server::tail);
  }

  private String left() {
    try {
      var entries = disk.entries();
      return entries.isEmpty() ? "" : "left behind: " + entries;
    } catch (IOException changing) {
      return changing.toString();
    }
  }

  private void recover(ServerProcess server, String of, String name) {
    var recovered =
        instances(server, of)
            .recoverInstance(
                RecoverInstanceRequest.newBuilder().setInstanceId(recorded.instance(name)).build());
    assertThat(recovered.getDesiredStatus()).isEqualTo(Instance.Status.running);
  }

  private void delete(ServerProcess server, String of, String name) {
    var _ =
        instances(server, of)
            .deleteInstance(
                DeleteInstanceRequest.newBuilder().setInstanceId(recorded.instance(name)).build());
  }

  private void awaitRunning(ServerProcess server, String of, String name) {
    Await.untilSolved(
        LIMIT,
        () -> {
          var now = get(server, of, name);
          return now.getStatus() == Instance.Status.running ? "" : now.toString();
        },
        server::tail);
  }

  private Instance get(ServerProcess server, String key, String name) {
    return instances(server, key)
        .getInstance(
            GetInstanceRequest.newBuilder().setInstanceId(recorded.instance(name)).build());
  }

  private void rejects(ServerProcess server, String key, String name, Status.Code code) {
    assertThatThrownBy(() -> get(server, key, name))
        .isInstanceOfSatisfying(
            StatusRuntimeException.class,
            why -> assertThat(why.getStatus().getCode()).isEqualTo(code));
  }

  private String sandbox(String name) {
    return "sb-" + recorded.instance(name);
  }

  private JsonNode config(String name) throws IOException {
    return JSON.readTree(disk.config(sandbox(name)));
  }

  private InstanceServiceBlockingStub instances(ServerProcess server, String key) {
    return with(InstanceServiceGrpc.newBlockingStub(server.channel()), key);
  }

  private <S extends AbstractBlockingStub<S>> S with(S stub, String key) {
    var headers = new Metadata();
    headers.put(
        Metadata.Key.of("authorization", Metadata.ASCII_STRING_MARSHALLER),
        "Bearer " + recorded.key(key));
    return stub.withInterceptors(MetadataUtils.newAttachHeadersInterceptor(headers))
        .withDeadlineAfter(LIMIT.toSeconds(), TimeUnit.SECONDS);
  }

  /** All recorded fields must be present; a later version may add fields. */
  private static void same(JsonNode before, Message now) throws IOException {
    contains(before, json(now), "");
  }

  private static void contains(JsonNode before, JsonNode now, String path) {
    if (before.isObject()) {
      for (var field : before.properties()) {
        if (OPEN.contains(field.getKey())) continue;
        contains(field.getValue(), now.path(field.getKey()), path + "/" + field.getKey());
      }
    } else if (before.isArray()) {
      assertThat(now.size()).as("%s in %s", path, now).isEqualTo(before.size());
      for (int n = 0; n < before.size(); n++) contains(before.get(n), now.get(n), path + "/" + n);
    } else {
      assertThat(now).as(path).isEqualTo(before);
    }
  }

  private static List<JsonNode> withoutOpen(JsonNode events) {
    var all = new ArrayList<JsonNode>();
    events.forEach(event -> all.add(((ObjectNode) event).without(OPEN)));
    return all;
  }

  private static JsonNode json(Message message) throws IOException {
    return JSON.readTree(
        JsonFormat.printer()
            .preservingProtoFieldNames()
            .alwaysPrintFieldsWithNoPresence()
            .print(message));
  }
}
