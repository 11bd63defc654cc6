package dev.chowder.server.node;

import static dev.chowder.server.operator.OperatorCalls.request;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.protobuf.Struct;
import com.google.protobuf.Value;
import dev.chowder.api.v1.CreateInstanceRequest;
import dev.chowder.api.v1.DeleteInstanceRequest;
import dev.chowder.api.v1.Event;
import dev.chowder.api.v1.Instance;
import dev.chowder.api.v1.ListInstanceEventsRequest;
import dev.chowder.api.v1.ListInstancesRequest;
import dev.chowder.api.v1.Stage;
import dev.chowder.api.v1.StartInstanceRequest;
import dev.chowder.api.v1.StopInstanceRequest;
import dev.chowder.api.v1.UpdateOrganizationRequest;
import dev.chowder.instance.InstanceReadRows;
import dev.chowder.sandbox.SandboxException.Reason;
import dev.chowder.sandbox.SandboxId;
import dev.chowder.simulator.FakeSandboxSettings;
import dev.chowder.simulator.FakeScript.Verb;
import dev.chowder.simulator.SimulatedEngine;
import dev.chowder.storage.Database;
import dev.chowder.storage.InstanceRow;
import dev.chowder.storage.InstanceRows;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Creates claim instances that were booted ahead of need, and find a new one afterwards. */
// Each test starts its node first.
@SuppressWarnings("NullAway.Init")
class PoolTest {
  private static final long GIB = 1L << 30;

  @TempDir Path home;
  private SimulatedEngine host;
  private Node node;
  private Database database;
  private String key;

  private void start(Map<String, Object> settings) throws IOException {
    start(100, settings);
  }

  private void start(int gibibytes, Map<String, Object> settings) throws IOException {
    host =
        new SimulatedEngine(
            new FakeSandboxSettings(
                Optional.of(home.resolve("sandboxes")),
                Duration.ZERO,
                Duration.ZERO,
                Duration.ZERO,
                gibibytes * GIB,
                GIB));
    node = Node.start(home, host, with(settings));
    database = node.openDatabase();
    key = node.newcomer("whale");
  }

  private void restart(Map<String, Object> settings) throws IOException {
    stop();
    host = Node.host(home.resolve("sandboxes"));
    node = Node.start(home, host, with(settings));
    database = node.openDatabase();
  }

  private static Map<String, Object> with(Map<String, Object> settings) {
    var all = new HashMap<String, Object>();
    all.put("chowder.pool.max-size", 1);
    all.put("chowder.pool.check-interval", "20ms");
    all.put("chowder.pool.boot-delay", "0s");
    all.put("chowder.host.gateway-memory", "1 GiB");
    all.put("chowder.host.reserve-memory", 0);
    all.put("chowder.host.boot-time", "0s");
    all.put("chowder.sleep.low-memory", 0);
    all.put("chowder.reconciler.interval", "200ms");
    all.put("chowder.reconciler.removal-delay", "300ms");
    all.putAll(settings);
    return all;
  }

  @AfterEach
  void stop() {
    database.close();
    node.close();
  }

  @Test
  void theFirstCreateIsColdAndTheNextOneClaimsAMember() throws IOException {
    start(Map.of());
    var first = node.awaitStatus(key, node.create(key), Instance.Status.running);
    assertThat(first.getServedBy()).isEqualTo(Instance.ServedBy.cold);
    var member = awaitMember();
    var claimed = create(named("second"));
    assertThat(SandboxId.ofInstance(claimed.getId())).isEqualTo(member);
    assertThat(claimed.getStatus()).isEqualTo(Instance.Status.running);
    assertThat(claimed.getServedBy()).isEqualTo(Instance.ServedBy.pool);
    assertThat(claimed.getName()).isEqualTo("second");
    assertThat(claimed.getStagesList()).hasSize(7).allMatch(PoolTest::isPrepared);
    assertThat(node.slots(key)).isEqualTo(2);
    assertThat(creates("hit")).isEqualTo(1);
    assertThat(creates("miss")).isEqualTo(1);
    awaitMember();
    assertThat(
            node.metric(
                "chowder_stage_seconds_count{kind=\"pool\",outcome=\"executed\","
                    + "stage=\"start_gateway\"}"))
        .isEqualTo(2);
  }

  private static boolean isPrepared(Stage stage) {
    return stage.getOutcome() == Stage.Outcome.prepared && stage.getDurationMs() == 0;
  }

  @Test
  void noCallerSeesAMember() throws IOException {
    start(Map.of());
    var first = node.createRunning(key);
    var member = awaitMember().instanceId();
    assertThat(listed()).containsExactly(first);
    assertThat(events("")).extracting(Event::getInstanceId).doesNotContain(member);
    assertThat(node.slots(key)).isEqualTo(1);
    isNotFound(() -> node.get(key, member));
    isNotFound(
        () ->
            node.instances(key)
                .stopInstance(StopInstanceRequest.newBuilder().setInstanceId(member).build()));
    isNotFound(
        () ->
            node.instances(key)
                .deleteInstance(DeleteInstanceRequest.newBuilder().setInstanceId(member).build()));
    assertThat(node.operator("StopInstance", request("instance_id", member)).statusCode())
        .isEqualTo(404);
    assertThat(members()).containsExactly(SandboxId.ofInstance(member));
  }

  @Test
  void aClaimedInstanceIsListedByTheTimeOfItsCreate() throws IOException {
    start(Map.of());
    var first = node.createRunning(key);
    awaitMember();
    // A create of another model is cold, and newer than the member.
    var second = create(named("second").setModel("another")).getId();
    var third = create(named("third").putLabels("team", "a")).getId();
    assertThat(node.get(key, third).getServedBy()).isEqualTo(Instance.ServedBy.pool);
    assertThat(third).isLessThan(second);
    assertThat(listed()).containsExactly(third, second, first);
    var page =
        node.instances(key).listInstances(ListInstancesRequest.newBuilder().setPageSize(1).build());
    assertThat(page.getInstances(0).getId()).isEqualTo(third);
    var next =
        node.instances(key)
            .listInstances(
                ListInstancesRequest.newBuilder()
                    .setPageSize(1)
                    .setPageToken(page.getNextPageToken())
                    .build());
    assertThat(next.getInstances(0).getId()).isEqualTo(second);
    assertThat(events(third)).extracting(Event::getType).containsExactly("created");
    var labelled =
        node.instances(key)
            .listInstances(ListInstancesRequest.newBuilder().setLabel("team=a").build());
    assertThat(labelled.getInstancesList()).extracting(Instance::getId).containsExactly(third);
  }

  @Test
  void aClaimedInstanceStopsStartsAndIsDeleted() throws IOException {
    start(Map.of());
    var _ = node.createRunning(key);
    awaitMember();
    var id = create(named("second")).getId();
    var stop = StopInstanceRequest.newBuilder().setInstanceId(id).build();
    assertThat(node.instances(key).stopInstance(stop).getStatus())
        .isEqualTo(Instance.Status.stopped);
    var start = StartInstanceRequest.newBuilder().setInstanceId(id).setWait(30).build();
    assertThat(node.instances(key).startInstance(start).getServedBy())
        .isEqualTo(Instance.ServedBy.thaw);
    var _ =
        node.instances(key)
            .deleteInstance(DeleteInstanceRequest.newBuilder().setInstanceId(id).build());
    Node.await(() -> host.observe(Node.sandbox(id)).homeExists() ? "not removed" : "");
  }

  @Test
  void aConfigurationIsAppliedBeforeTheClaimedInstanceRuns() throws IOException {
    start(Map.of());
    var _ = node.createRunning(key);
    var member = awaitMember();
    var config =
        Struct.newBuilder()
            .putFields(
                "agents",
                Value.newBuilder()
                    .setStructValue(
                        Struct.newBuilder()
                            .putFields(
                                "defaults",
                                Value.newBuilder()
                                    .setStructValue(
                                        Struct.newBuilder()
                                            .putFields(
                                                "thinkingDefault",
                                                Value.newBuilder().setStringValue("low").build()))
                                    .build()))
                    .build());
    var created = create(named("second").setOpenclawConfig(config));
    assertThat(SandboxId.ofInstance(created.getId())).isEqualTo(member);
    var running = node.awaitStatus(key, created.getId(), Instance.Status.running);
    assertThat(running.getServedBy()).isEqualTo(Instance.ServedBy.pool);
    assertThat(running.getStagesList())
        .extracting(Stage::getName)
        .containsExactly(
            "create_sandbox",
            "onboard",
            "gateway_token",
            "responses_endpoint",
            "openclaw_config",
            "start_gateway",
            "publish");
    // The gateway took it, so that no change is pending.
    assertThat(running.getStage()).isEmpty();
    assertThat(running.getOpenclawConfig().toString()).isEqualTo(config.toString());
  }

  @Test
  void concurrentCreatesClaimAMemberOnce() throws Exception {
    start(Map.of());
    var _ = node.createRunning(key);
    var member = awaitMember();
    int creates = 8;
    try (var callers = Executors.newFixedThreadPool(creates)) {
      var all = new ArrayList<Future<Instance>>();
      for (int n = 0; n < creates; n++) all.add(callers.submit(() -> create(named("caller"))));
      var ids = new HashSet<String>();
      for (var one : all) ids.add(one.get().getId());
      assertThat(ids).hasSize(creates).contains(member.instanceId());
      for (var id : ids) node.awaitStatus(key, id, Instance.Status.running);
    }
    assertThat(node.slots(key)).isEqualTo(creates + 1);
  }

  @Test
  void anotherModelOrganizationOrEndpointGetsNoMember() throws IOException {
    start(Map.of("chowder.pool.max-size", 2));
    var _ = node.createRunning(key);
    var member = awaitMember();
    assertThat(create(named("another-model").setModel("other")).getId())
        .isNotEqualTo(member.instanceId());
    var stranger = node.newcomer("whale");
    assertThat(node.create(stranger)).isNotEqualTo(member.instanceId());
    assertThat(members()).contains(member);
    // Another endpoint needs another member, and discards this one.
    node.useEndpoint(key, "http://localhost:" + node.modelPort() + "/v1/other");
    Node.await(() -> members().contains(member) ? "not discarded" : "");
    Node.await(() -> host.observe(member).homeExists() ? "not removed" : "");
  }

  @Test
  void aChangedKeyOrProtocolReplacesTheMember() throws IOException {
    start(Map.of());
    var _ = node.createRunning(key);
    var first = awaitMember();
    update(UpdateOrganizationRequest.newBuilder().putModelApiKeys("custom", "k-1"));
    var second = awaitReplacement(first);
    awaitChecks(5);
    assertThat(members()).containsExactly(second);
    var api = Value.newBuilder().setStringValue("openai-responses").build();
    var endpoint = Value.newBuilder();
    endpoint.getStructValueBuilder().putFields("api", api);
    update(
        UpdateOrganizationRequest.newBuilder()
            .setModelEndpoints(Struct.newBuilder().putFields("custom", endpoint.build())));
    var third = awaitReplacement(second);
    assertThat(SandboxId.ofInstance(create(named("second")).getId())).isEqualTo(third);
  }

  private void update(UpdateOrganizationRequest.Builder request) {
    var _ = node.organizations(key).updateOrganization(request.build());
  }

  private SandboxId awaitReplacement(SandboxId member) {
    Node.await(() -> members().contains(member) ? "not discarded" : "");
    Node.await(() -> host.observe(member).homeExists() ? "not removed" : "");
    return awaitMember();
  }

  @Test
  void aServerWithAnotherImageHasMembersOfThatImage() throws IOException {
    start(Map.of());
    var _ = node.createRunning(key);
    var old = awaitMember();
    restart(Map.of("chowder.sandbox.image", "another-image"));
    var member = awaitReplacement(old);
    var row = new InstanceRows(database).get(member.instanceId()).orElseThrow();
    assertThat(InstanceReadRows.view(row).member())
        .hasValueSatisfying(setup -> assertThat(setup.image()).isEqualTo("another-image"));
    assertThat(SandboxId.ofInstance(create(named("second")).getId())).isEqualTo(member);
  }

  @Test
  void theAgeOfTheOldestMemberIsMeasured() throws IOException {
    start(Map.of());
    assertThat(oldestSeconds()).isZero();
    var _ = node.createRunning(key);
    var member = awaitMember().instanceId();
    Node.await(() -> oldestSeconds() > 1 ? "" : "age: " + oldestSeconds());
    var neighbor = node.newcomer("whale");
    var _ = node.createRunning(neighbor);
    Node.await(() -> pooled(neighbor).size() == 1 ? "" : "members: " + pooled(neighbor));
    awaitOldest(member);
    assertThat(create(named("second")).getId()).isEqualTo(member);
    awaitOldest(pooled(neighbor).getFirst());
  }

  private double oldestSeconds() {
    return node.metric("chowder_pool_oldest_seconds");
  }

  /** Waits until the metric shows the age of this member. The other one is a second younger. */
  private void awaitOldest(String member) {
    var row = new InstanceRows(database).get(member).orElseThrow();
    var since = InstanceReadRows.view(row).profile().createdAt();
    Node.await(
        () -> {
          double difference =
              oldestSeconds() - Duration.between(since, Instant.now()).toMillis() / 1000.0;
          return Math.abs(difference) < 0.5 ? "" : "difference: " + difference;
        });
  }

  @Test
  void aCreateOfTheDefaultModelLeavesTheMemberOfAnotherOne() throws IOException {
    start(Map.of());
    var first = create(named("first").setModel("another")).getId();
    node.awaitStatus(key, first, Instance.Status.running);
    var member = awaitMember();
    var second = node.createRunning(key);
    assertThat(SandboxId.ofInstance(second)).isNotEqualTo(member);
    awaitChecks(5);
    assertThat(members()).containsExactly(member);
    assertThat(SandboxId.ofInstance(create(named("third").setModel("another")).getId()))
        .isEqualTo(member);
  }

  /** The host has memory for two members. */
  @Test
  void anOrganizationWithManyModelsLeavesAMemberToOthers() throws IOException {
    start(Map.of("chowder.pool.memory-share", 0.02, "chowder.pool.max-size", 2));
    node.awaitStatus(key, create(named("one")).getId(), Instance.Status.running);
    node.awaitStatus(
        key, create(named("other").setModel("other")).getId(), Instance.Status.running);
    Node.await(() -> pooled(key).size() == 2 ? "" : "members: " + pooled(key));
    var neighbor = node.newcomer("whale");
    var _ = node.createRunning(neighbor);
    Node.await(() -> pooled(neighbor).size() == 1 ? "" : "members: " + pooled(neighbor));
    Node.await(() -> pooled(key).size() == 1 ? "" : "members: " + pooled(key));
  }

  private List<String> pooled(String owner) {
    return new InstanceRows(database)
        .unlisted(node.organizationId(owner), "pooled").stream().map(InstanceRow::id).toList();
  }

  @Test
  void membersNeverExceedTheFreeSlots() throws IOException {
    start(Map.of());
    var shrimp = node.newcomer("shrimp");
    var only = node.createRunning(shrimp);
    awaitChecks(5);
    assertThat(members()).isEmpty();
    var _ =
        node.instances(shrimp)
            .deleteInstance(DeleteInstanceRequest.newBuilder().setInstanceId(only).build());
    awaitMember();
  }

  @Test
  void anOldMemberIsReplaced() throws IOException {
    start(Map.of("chowder.pool.max-age", "300ms"));
    var _ = node.createRunning(key);
    var first = awaitMember();
    Node.await(() -> members().contains(first) || members().isEmpty() ? "not replaced" : "");
    Node.await(() -> host.observe(first).homeExists() ? "not removed" : "");
  }

  @Test
  void noMemberIsKeptForAnOrganizationThatCreatesNothing() throws IOException {
    start(Map.of("chowder.pool.retention", "2s"));
    var _ = node.createRunning(key);
    awaitMember();
    Node.await(() -> members().isEmpty() ? "" : "still kept");
  }

  @Test
  void aMemberIsDiscardedForACreateThatNeedsItsMemory() throws IOException {
    start(3, Map.of("chowder.pool.memory-share", 1.0, "chowder.pool.max-size", 2));
    var first = node.createRunning(key);
    var member = awaitMember();
    awaitLedger();
    // No member has this model, and the host has memory for it.
    var second = create(named("second").setModel("another")).getId();
    node.awaitStatus(key, second, Instance.Status.running);
    assertThat(members()).containsExactly(member);
    awaitLedger();
    var third = create(named("third").setModel("a-third")).getId();
    node.awaitStatus(key, third, Instance.Status.running);
    Node.await(() -> host.observe(member).homeExists() ? "not removed" : "");
    assertThat(listed()).containsExactly(third, second, first);
    assertThat(members()).isEmpty();
  }

  @Test
  void aMemberThatIsDiscardedDuringItsBootHasNotFailed() throws Exception {
    start(3, Map.of("chowder.pool.memory-share", 1.0, "chowder.pool.min-retry-delay", "1h"));
    var turn = node.script().holdNextTurn();
    var _ = node.createRunning(key);
    assertThat(turn.awaitCall(Duration.ofSeconds(30))).isTrue();
    var neighbors = List.of(node.newcomer("shrimp"), node.newcomer("shrimp"));
    var others = new ArrayList<String>();
    for (var neighbor : neighbors) {
      awaitLedger();
      others.add(node.createRunning(neighbor));
    }
    turn.release();
    assertThat(members()).isEmpty();
    for (int n = 0; n < neighbors.size(); n++) {
      var delete = DeleteInstanceRequest.newBuilder().setInstanceId(others.get(n)).build();
      var _ = node.instances(neighbors.get(n)).deleteInstance(delete);
    }
    awaitMember();
  }

  /** Waits until an admission no longer counts as a boot, which takes at most two seconds. */
  private static void awaitLedger() {
    long second = Instant.now().getEpochSecond();
    Node.await(() -> Instant.now().getEpochSecond() > second + 1 ? "" : "counts");
  }

  @Test
  void aMemberThatWouldMakeMemoryShortIsNotCreated() throws IOException {
    start(4, Map.of("chowder.pool.memory-share", 1.0, "chowder.sleep.low-memory", 0.75));
    var _ = node.createRunning(key);
    long before = sandboxes();
    awaitChecks(10);
    assertThat(sandboxes()).isEqualTo(before);
    assertThat(members()).isEmpty();
  }

  @Test
  void aMemberThatWaitsForCallersReservesNoMemory() throws IOException {
    start(
        95,
        Map.of(
            "chowder.pool.memory-share",
            1.0,
            "chowder.pool.boot-delay",
            "1h",
            "chowder.pool.max-boot-delay",
            "1h",
            "chowder.host.gateway-memory",
            "20 GiB",
            "chowder.host.boot-time",
            "1h"));
    // The host has memory for four reservations of 20 GiB. A fifth create needs 96 GiB: 20 for its
    // own process, and 19 for each of the four others, which use 1 GiB of 20. The simulator counts
    // its processes once per second, so all 95 GiB can still look free.
    for (int n = 0; n < 4; n++) {
      var _ = node.createRunning(key);
      awaitChecks(10);
    }
    assertThat(members()).isEmpty();
    assertThatThrownBy(() -> node.create(key)).hasMessageContaining("besides starting instances");
  }

  @ParameterizedTest
  @CsvSource({"calm, true", "calm, false", "provisioning, true", "provisioning, false"})
  void creatingCallersDelayAMemberAtMostForTheMaximumWait(String why, boolean over)
      throws Exception {
    start(
        Map.of(
            "chowder.pool.max-boot-delay",
            over ? "100ms" : "1h",
            "chowder.pool.boot-delay",
            why.equals("calm") ? "1h" : "0s"));
    var boot = node.script().holdNext(Verb.START);
    if (why.equals("provisioning")) {
      var _ = node.create(node.newcomer("shrimp"));
      assertThat(boot.awaitCall(Duration.ofSeconds(30))).isTrue();
    } else {
      boot.release();
    }
    var _ = node.createRunning(key);
    if (over) {
      awaitMember();
    } else {
      awaitChecks(10);
      assertThat(members()).isEmpty();
    }
    boot.release();
  }

  @Test
  void aMemberThatFailsToBootIsRetriedLater() throws IOException {
    start(Map.of("chowder.pool.min-retry-delay", "1h"));
    var _ = node.createRunning(key);
    awaitMember();
    node.script().failNext(Verb.START, 1, Reason.REFUSED, "played");
    long before = sandboxes();
    var _ = create(named("second"));
    Node.await(() -> sandboxes() > before && members().isEmpty() ? "" : "members: " + members());
    awaitChecks(5);
    assertThat(sandboxes()).isEqualTo(before + 1);
    assertThat(members()).isEmpty();
  }

  /** The turn could call the model provider later. */
  @Test
  void aMemberWhoseWarmUpTurnDoesNotEndIsDiscarded() throws Exception {
    start(
        Map.of("chowder.pool.min-retry-delay", "1h", "chowder.openclaw.warm-up-timeout", "200ms"));
    var turn = node.script().holdNextTurn();
    var first = Node.sandbox(node.createRunning(key));
    assertThat(turn.awaitCall(Duration.ofSeconds(30))).isTrue();
    Node.await(
        () -> host.list().stream().allMatch(one -> one.id().equals(first)) ? "" : "not removed");
    // One of the three was for the schema of the configuration.
    Node.await(() -> sandboxes() == 3 ? "" : "sandboxes: " + sandboxes());
    awaitChecks(5);
    assertThat(sandboxes()).isEqualTo(3);
    assertThat(members()).isEmpty();
    turn.release();
  }

  private long sandboxes() {
    return node.script().calls().stream().filter(call -> call.verb() == Verb.CREATE).count();
  }

  @Test
  void aMemberWhoseGatewayEndedIsReplaced() throws IOException {
    start(Map.of());
    var _ = node.createRunning(key);
    var member = awaitMember();
    host.crash(member, 1, "played: crash");
    Node.await(() -> members().contains(member) || members().isEmpty() ? "not replaced" : "");
    assertThat(node.metric("chowder_reconciler_halted")).isZero();
  }

  /** The guard against mass changes counts only what callers can lose. */
  @Test
  void lostMembersDoNotHaltTheReconciler() throws Exception {
    start(
        Map.of(
            "chowder.pool.max-size", 3,
            "chowder.pool.max-concurrent", 3,
            "chowder.reconciler.max-mass-changes", 1,
            "chowder.reconciler.max-mass-change-share", 0));
    var ids = new ArrayList<String>();
    try (var callers = Executors.newVirtualThreadPerTaskExecutor()) {
      Callable<String> create = () -> node.create(key);
      for (var one : callers.invokeAll(List.of(create, create, create))) ids.add(one.get());
    }
    for (var id : ids) node.awaitStatus(key, id, Instance.Status.running);
    // A create that is later than the others may have claimed the third member.
    Node.await(() -> members().size() > 1 && withStatus("warming").isEmpty() ? "" : "no members");
    var lost = members();
    // All are found lost in the same pass.
    node.script().unreachable();
    lost.forEach(host::lose);
    host.lose(SandboxId.ofInstance(ids.getFirst()));
    node.script().reachable();
    node.awaitStatus(key, ids.getFirst(), Instance.Status.error);
    Node.await(() -> Collections.disjoint(members(), lost) ? "" : "members: " + members());
  }

  @Test
  void aRestartedServerReplacesItsMembersAndLosesNoInstance() throws IOException {
    start(Map.of());
    var first = node.createRunning(key);
    var member = awaitMember();
    var claimed = create(named("second")).getId();
    var next = awaitMember();
    restart(Map.of());
    Node.await(() -> host.observe(next).homeExists() ? "not discarded" : "");
    assertThat(listed()).containsExactlyInAnyOrder(first, claimed);
    assertThat(node.get(key, claimed).getStatus()).isEqualTo(Instance.Status.running);
    assertThat(SandboxId.ofInstance(claimed)).isEqualTo(member);
    Node.await(() -> members().isEmpty() ? "no new member" : "");
  }

  @Test
  void aServerWithoutAPoolDiscardsTheMembersOfAnEarlierOne() throws IOException {
    start(Map.of());
    var first = node.createRunning(key);
    awaitMember();
    restart(Map.of("chowder.pool.max-size", 0));
    Node.await(() -> members().isEmpty() ? "" : "not discarded");
    assertThat(listed()).containsExactly(first);
  }

  private Instance create(CreateInstanceRequest.Builder request) {
    return node.instances(key).createInstance(request.build());
  }

  private static CreateInstanceRequest.Builder named(String name) {
    return CreateInstanceRequest.newBuilder().setName(name).setModelProvider("custom");
  }

  private List<String> listed() {
    return node
        .instances(key)
        .listInstances(ListInstancesRequest.getDefaultInstance())
        .getInstancesList()
        .stream()
        .map(Instance::getId)
        .toList();
  }

  private List<Event> events(String id) {
    return node.instances(key)
        .listInstanceEvents(ListInstanceEventsRequest.newBuilder().setInstanceId(id).build())
        .getEventsList();
  }

  /** Returns the sandboxes of members that exist or are being created. */
  private Set<SandboxId> members() {
    return withStatus("pooled", "warming");
  }

  private Set<SandboxId> withStatus(String... statuses) {
    var found = new HashSet<SandboxId>();
    new InstanceRows(database)
        .forEachLive(
            100,
            row -> {
              if (List.of(statuses).contains(row.status())) {
                found.add(SandboxId.ofInstance(row.id()));
              }
            });
    return found;
  }

  /** Waits for exactly one member, which can be claimed. */
  private SandboxId awaitMember() {
    Node.await(
        () ->
            withStatus("pooled").size() == 1 && members().size() == 1
                ? ""
                : "members: " + members());
    return members().iterator().next();
  }

  private double creates(String result) {
    return node.metric("chowder_pool_creates_total{result=\"" + result + "\"}");
  }

  /** Waits until the keeper has checked this often. Each check reads the host's memory. */
  private void awaitChecks(int checks) {
    long end = reads() + checks;
    Node.await(() -> reads() >= end ? "" : "no check");
  }

  private long reads() {
    return node.script().calls().stream().filter(call -> call.verb() == Verb.CAPACITY).count();
  }

  private static void isNotFound(Runnable call) {
    try {
      call.run();
    } catch (StatusRuntimeException why) {
      assertThat(why.getStatus().getCode()).isEqualTo(Status.Code.NOT_FOUND);
      return;
    }
    throw new AssertionError("found");
  }
}
