package dev.chowder.server.node;

import static dev.chowder.sandbox.TestResources.RESOURCES;
import static dev.chowder.server.operator.OperatorCalls.request;
import static org.assertj.core.api.Assertions.assertThat;

import dev.chowder.api.v1.DeleteInstanceRequest;
import dev.chowder.api.v1.Instance;
import dev.chowder.api.v1.ListInstanceEventsRequest;
import dev.chowder.sandbox.Fence;
import dev.chowder.sandbox.ProcessSpec;
import dev.chowder.sandbox.SandboxObservation.MainProcess;
import dev.chowder.sandbox.SandboxSpec;
import dev.chowder.simulator.FakeSandboxSettings;
import dev.chowder.simulator.FakeScript.Verb;
import dev.chowder.simulator.SimulatedEngine;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeSet;
import java.util.UUID;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.BiConsumer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Tests contradictions between journal and host. No agent is lost, whichever of the two is wrong.
 */
class ReconcilerTest {
  /** Intervals and grace periods short enough for a test. */
  private static final Map<String, Object> QUICK =
      Map.of(
          "chowder.reconciler.interval", "200ms",
          "chowder.reconciler.removal-delay", "300ms");

  /** Only the first reconciliation pass runs; all later changes are detected by engine events. */
  private static final Map<String, Object> BY_EVENTS_ONLY =
      Map.of("chowder.reconciler.interval", "1h", "chowder.reconciler.max-restarts", 0);

  /** Far below the interval of passes, and more than a busy machine needs. */
  private static final Duration NOTICED_WITHIN = Duration.ofSeconds(30);

  /** The end of a process that SIGTERM ended within its grace. */
  private static final String ENDED_CLEANLY = "die with exit code 0";

  @TempDir Path home;
  @TempDir Path other;

  @Test
  void anEmptyDatabaseWithFiveAgentsHaltsUntilItIsReleased() throws IOException {
    var ids = new ArrayList<String>();
    String key;
    try (var node = Node.start(home, QUICK)) {
      key = node.newcomer("whale");
      for (int n = 0; n < 5; n++) ids.add(node.createRunning(key));
    }

    try (var lost = Node.start(other, home.resolve("sandboxes"), QUICK)) {
      Node.await(() -> reconciler(lost).contains("\"halted\":true") ? "" : "not halted");
      awaitPasses(lost, 5);
      assertThat(lost.metric("chowder_reconciler_halted")).isEqualTo(1);
      assertThat(lost.metric("chowder_sandboxes_quarantined")).isEqualTo(5);
      for (var id : ids) {
        assertThat(runs(lost, id)).as(id).isTrue();
        assertThat(reconciler(lost)).contains("sb-" + id);
      }
      var theirs = ids.stream().map(Node::sandbox).toList();
      assertThat(lost.script().calls())
          .filteredOn(call -> call.id().filter(theirs::contains).isPresent())
          .allMatch(call -> call.verb() == Verb.OBSERVE);

      assertThat(lost.operator("ReleaseReconciler").statusCode()).isEqualTo(200);
      for (var id : ids) Node.await(() -> runs(lost, id) ? "runs: " + id : "");
      Node.await(() -> reconciler(lost).contains("\"runs\":true") ? "shown as running" : "");
      assertThat(reconciler(lost)).contains("\"halted\":false", "\"quarantined_count\":5");
      for (var id : ids) {
        assertThat(lost.host().observe(Node.sandbox(id)).homeExists()).as(id).isTrue();
      }
    }

    try (var found = Node.start(home, QUICK)) {
      for (var id : ids) {
        found.awaitStatus(key, id, Instance.Status.running);
        Node.await(() -> runs(found, id) ? "" : "does not run: " + id);
      }
    }
  }

  @Test
  void aRestoredDatabaseQuarantinesUntrackedSandboxesAndKeepsTheOthers() throws IOException {
    String key;
    String known;
    try (var node = Node.start(home, QUICK)) {
      key = node.newcomer("whale");
      known = node.createRunning(key);
    }
    Folders.copy(home.resolve("data"), other.resolve("backup"));
    String younger;
    try (var node = Node.start(home, QUICK)) {
      younger = node.createRunning(key);
    }
    Folders.delete(home.resolve("data"));
    Folders.copy(other.resolve("backup"), home.resolve("data"));

    try (var node = Node.start(home, QUICK)) {
      int revision = node.awaitStatus(key, known, Instance.Status.running).getRevision();
      Node.await(() -> runs(node, younger) ? "not stopped: " + younger : "");
      awaitPasses(node, 3);
      assertThat(node.host().observe(Node.sandbox(younger)).homeExists()).isTrue();
      assertThat(runs(node, known)).isTrue();
      assertThat(node.get(key, known).getRevision()).isEqualTo(revision);

      assertThat(remove(node, known)).isEqualTo(409);
      assertThat(remove(node, younger)).isEqualTo(200);
      assertThat(node.host().observe(Node.sandbox(younger)).homeExists()).isFalse();
      Node.await(() -> reconciler(node).contains("\"quarantined_count\":0") ? "" : "still shown");
    }
  }

  @Test
  void anUntrackedSandboxIsKeptForTheGracePeriod() throws IOException {
    var settings = new HashMap<>(QUICK);
    settings.put("chowder.reconciler.removal-delay", "1h");
    try (var node = Node.start(home, settings)) {
      var untracked = untracked(node.host());
      Node.await(() -> reconciler(node).contains("sb-" + untracked) ? "" : "not shown");
      awaitPasses(node, 5);
      assertThat(runs(node, untracked)).isTrue();
    }
  }

  @Test
  void anEngineThatListsNothingOrDoesNotAnswerChangesNothing() throws IOException {
    try (var node = Node.start(home, QUICK)) {
      var key = node.newcomer("whale");
      var id = node.createRunning(key);
      int revision = node.get(key, id).getRevision();

      node.script().withEmptyLists();
      awaitPasses(node, 5);
      assertThat(node.get(key, id).getRevision()).isEqualTo(revision);
      node.script().withFullLists().unreachable();
      awaitPasses(node, 5);
      assertThat(node.get(key, id).getRevision()).isEqualTo(revision);
      assertThat(reconciler(node)).contains("\"halted\":false");
    }
  }

  @Test
  void manyHomesThatVanishAtOnceHaltUntilAnOperatorConfirmsIt() throws IOException {
    try (var node = Node.start(home, QUICK)) {
      var key = node.newcomer("whale");
      var ids = new ArrayList<String>();
      for (int n = 0; n < 5; n++) ids.add(node.createRunning(key));

      // Because the engine does not respond, the node cannot see the sandboxes vanish one by one.
      node.script().unreachable();
      for (var id : ids) node.host().lose(Node.sandbox(id));
      node.script().reachable();
      Node.await(() -> reconciler(node).contains("\"halted\":true") ? "" : "not halted");
      awaitPasses(node, 3);
      for (var id : ids) {
        assertThat(node.get(key, id).getStatus()).isEqualTo(Instance.Status.running);
      }

      assertThat(node.operator("ReleaseReconciler").statusCode()).isEqualTo(200);
      for (var id : ids) {
        assertThat(node.awaitStatus(key, id, Instance.Status.error).getErrorReason())
            .isEqualTo("SANDBOX_LOST");
      }
      Node.await(() -> reconciler(node).contains("\"halted\":false") ? "" : "still halted");
    }
  }

  @Test
  void resourcesOfADeletedInstanceAreRemovedAfterTheGracePeriod() throws IOException {
    try (var node = Node.start(home, QUICK)) {
      var key = node.newcomer("whale");
      var id = node.createRunning(key);
      var _ =
          node.instances(key)
              .deleteInstance(DeleteInstanceRequest.newBuilder().setInstanceId(id).build());
      Node.await(() -> node.host().observe(Node.sandbox(id)).homeExists() ? "there" : "");
      // As a create leaves it that was in progress when the instance was deleted.
      node.host().create(new SandboxSpec(Node.sandbox(id), "org", "image", 0, RESOURCES));
      Node.await(() -> node.host().observe(Node.sandbox(id)).homeExists() ? "left: " + id : "");
      assertThat(reconciler(node)).contains("\"quarantined_count\":0");
    }
  }

  @Test
  void aStartingNodeReportsNoAgentAsRunningBeforeItsFirstPass() throws IOException {
    String key;
    Instance before;
    try (var node = Node.start(home, QUICK)) {
      key = node.newcomer("whale");
      before = node.get(key, node.createRunning(key));
    }
    var rebooted = Node.host(home.resolve("sandboxes"));
    rebooted.kill(Node.sandbox(before.getId()));
    rebooted.script().delay(Verb.LIST, Duration.ofSeconds(2));
    try (var node = Node.start(home, rebooted, QUICK)) {
      assertThat(node.get(key, before.getId()).getRevision()).isGreaterThan(before.getRevision());
    }
  }

  @Test
  void anEventReportsALostGatewayAndItsCauseWithoutAPass() throws IOException {
    try (var node = Node.start(home, BY_EVENTS_ONLY)) {
      var key = node.newcomer("whale");
      loses(node, key, SimulatedEngine::killForMemory, "OUT_OF_MEMORY", "memory limit");
      loses(node, key, (host, id) -> host.crash(id, 7, "bye"), "GATEWAY_CRASHED", "exit code 7");
      loses(
          node,
          key,
          (host, id) -> host.crash(id, 1, "Error: ENOSPC: no space left on device, write"),
          "NO_SPACE",
          "disk is full");
      loses(node, key, SimulatedEngine::pause, "GATEWAY_FROZEN", "frozen");
      loses(node, key, SimulatedEngine::removeContainers, "CONTAINER_REMOVED", "removed");
      loses(node, key, SimulatedEngine::lose, "SANDBOX_LOST", "home");
    }
  }

  @Test
  void aLostGatewayIsRestartedUntilTheCircuitBreakerOpens() throws IOException {
    try (var node =
        Node.start(
            home,
            Map.of("chowder.reconciler.interval", "1h", "chowder.reconciler.max-restarts", 2))) {
      var key = node.newcomer("whale");
      var id = node.createRunning(key);
      for (int loss = 1; loss <= 2; loss++) {
        int revision = node.get(key, id).getRevision();
        node.host().kill(Node.sandbox(id));
        Node.await(() -> node.get(key, id).getRevision() > revision ? "" : "not detected");
        node.awaitStatus(key, id, Instance.Status.running);
      }
      node.host().kill(Node.sandbox(id));
      var failed = node.awaitStatus(key, id, Instance.Status.error);
      assertThat(failed.getErrorReason()).isEqualTo("GATEWAY_CRASHED");
      assertThat(failed.getErrorMessage()).containsPattern("\\b2\\b");
    }
  }

  @Test
  void allAgentsRunAgainAfterEachEngineRestart() throws IOException {
    var settings = new HashMap<>(BY_EVENTS_ONLY);
    settings.put("chowder.effect.restart.delays", List.of("0s", "100ms"));
    settings.put("chowder.effect.restart.processor-time", "10ms");
    try (var node = Node.start(home, settings)) {
      var key = node.newcomer("whale");
      var ids = List.of(node.createRunning(key), node.createRunning(key), node.createRunning(key));
      for (int restart = 1; restart <= 3; restart++) {
        var before = new HashMap<String, Integer>();
        ids.forEach(id -> before.put(id, node.get(key, id).getRevision()));
        node.host().restartEngine();
        for (var id : ids) {
          Node.await(
              () ->
                  node.get(key, id).getRevision() > before.getOrDefault(id, 0)
                      ? ""
                      : "not detected");
          node.awaitStatus(key, id, Instance.Status.running);
          assertThat(runs(node, id)).as(id).isTrue();
        }
      }
      var events =
          node.instances(key)
              .listInstanceEvents(
                  ListInstanceEventsRequest.newBuilder().setInstanceId(ids.getFirst()).build())
              .getEventsList();
      assertThat(events.stream().filter(event -> event.getType().equals("gateway_lost")))
          .hasSize(3)
          .allMatch(event -> event.getReason().equals("ENGINE_RESTARTED"));
    }
  }

  @Test
  void aRestartWaitsForMemoryOfTheHostWithoutAnError() throws IOException {
    var settings =
        Map.<String, Object>of(
            "chowder.reconciler.interval",
            "1h",
            "chowder.effect.restart.memory-retry-interval",
            "20ms");
    try (var node = Node.start(home, settings)) {
      var key = node.newcomer("whale");
      var id = node.createRunning(key);
      node.host().script().withoutMemory();
      node.host().kill(Node.sandbox(id));
      var waiting = node.awaitStatus(key, id, Instance.Status.stopped);
      assertThat(waiting.getDesiredStatus()).isEqualTo(Instance.Status.running);
      long asked = capacityCalls(node);
      Node.await(() -> capacityCalls(node) > asked + 3 ? "" : "memory was not requested again");
      assertThat(node.get(key, id).getStage()).isEqualTo("await_start");
      assertThat(node.get(key, id).hasErrorMessage()).isFalse();
      node.host().script().withMemory();
      node.awaitStatus(key, id, Instance.Status.running);
    }
  }

  /** Something else may freeze a gateway in the middle of a turn. */
  @Test
  void aGatewayThatSomethingElseFrozeMayFinishItsWork() throws IOException {
    try (var node = Node.start(home, Map.of("chowder.reconciler.interval", "1h"))) {
      var key = node.newcomer("whale");
      var id = node.createRunning(key);
      var ends = ends(node.host());
      int before = node.get(key, id).getRevision();
      node.host().pause(Node.sandbox(id));
      Node.await(() -> node.get(key, id).getRevision() > before ? "" : "not detected");
      node.awaitStatus(key, id, Instance.Status.running);
      Node.await(() -> ends.isEmpty() ? "no end" : "");
      assertThat(ends).containsExactly(ENDED_CLEANLY);
    }
  }

  /** Returns the ends of processes from now on. */
  private static List<String> ends(SimulatedEngine host) {
    var ends = new CopyOnWriteArrayList<String>();
    var _ =
        host.watch(
            event -> {
              if (event.what().startsWith("die")) ends.add(event.what());
            });
    return ends;
  }

  /** The host has memory for one gateway, which the frozen gateway still holds. */
  @Test
  void theRestartOfAFrozenGatewayDoesNotWaitForItsMemory() throws IOException {
    var settings =
        Map.<String, Object>of(
            "chowder.reconciler.interval", "1h",
            "chowder.effect.restart.memory-retry-interval", "20ms",
            "chowder.host.gateway-memory", "1 GiB",
            "chowder.host.reserve-memory", "0",
            "chowder.host.boot-time", "1ms");
    var host =
        new SimulatedEngine(
            new FakeSandboxSettings(
                Optional.of(home.resolve("sandboxes")),
                Duration.ZERO,
                Duration.ZERO,
                Duration.ZERO,
                1L << 30,
                1L << 30));
    try (var node = Node.start(home, host, settings)) {
      var key = node.newcomer("whale");
      var id = node.createRunning(key);
      int before = node.get(key, id).getRevision();
      assertThat(host.host().capacity().availableBytes()).isZero();
      var ends = ends(host);
      host.pause(Node.sandbox(id));
      Node.await(() -> node.get(key, id).getRevision() > before ? "" : "not detected");
      node.awaitStatus(key, id, Instance.Status.running);
      assertThat(runs(node, id)).isTrue();
      assertThat(
              node.instances(key)
                  .listInstanceEvents(
                      ListInstanceEventsRequest.newBuilder().setInstanceId(id).build())
                  .getEventsList())
          .filteredOn(event -> event.getType().equals("gateway_lost"))
          .singleElement()
          .matches(event -> event.getReason().equals("GATEWAY_FROZEN"));
      Node.await(() -> ends.isEmpty() ? "no end" : "");
      assertThat(ends).containsExactly(ENDED_CLEANLY);
    }
  }

  @Test
  void anOperatorRecoversAllInstancesThatFailedForAReasonUntilTheHostIsFull() throws IOException {
    try (var node = Node.start(home, BY_EVENTS_ONLY)) {
      var key = node.newcomer("whale");
      var crashed = List.of(node.createRunning(key), node.createRunning(key));
      var other = node.createRunning(key);
      crashed.forEach(id -> node.host().kill(Node.sandbox(id)));
      node.host().killForMemory(Node.sandbox(other));
      crashed.forEach(id -> node.awaitStatus(key, id, Instance.Status.error));
      node.awaitStatus(key, other, Instance.Status.error);

      node.script().withoutMemory();
      var reason = "{\"error_reason\":\"GATEWAY_CRASHED\"}";
      assertThat(node.operator("RecoverInstances", reason).body())
          .contains("\"recovered\":0,\"left\":2,\"refused_count\":0");
      node.script().withMemory();
      assertThat(node.operator("RecoverInstances", reason).body())
          .contains("\"recovered\":2,\"left\":0,\"refused_count\":0");
      crashed.forEach(id -> node.awaitStatus(key, id, Instance.Status.running));
      assertThat(node.get(key, other).getStatus()).isEqualTo(Instance.Status.error);
    }
  }

  @Test
  void anUnresponsiveSandboxDoesNotPreventOtherRecoveries() throws IOException {
    try (var node = Node.start(home, BY_EVENTS_ONLY)) {
      var key = node.newcomer("whale");
      var crashed = new TreeSet<>(List.of(node.createRunning(key), node.createRunning(key)));
      crashed.forEach(id -> node.host().kill(Node.sandbox(id)));
      crashed.forEach(id -> node.awaitStatus(key, id, Instance.Status.error));
      var hanging = crashed.first();

      node.script().unresponsive(Node.sandbox(hanging));
      assertThat(node.operator("RecoverInstances").body())
          .contains("\"recovered\":1,\"left\":0,\"refused_count\":1")
          .contains("\"instance_id\":\"" + hanging + "\",\"reason\":\"SERVER_UNAVAILABLE\"");
      node.awaitStatus(key, crashed.last(), Instance.Status.running);

      node.script().responsive(Node.sandbox(hanging));
      assertThat(node.operator("RecoverInstances").body())
          .contains("\"recovered\":1,\"left\":0,\"refused_count\":0");
      node.awaitStatus(key, hanging, Instance.Status.running);
    }
  }

  @Test
  void aBulkRecoverStopsAtTheFirstInstanceIfTheEngineIsUnavailable() throws IOException {
    try (var node = Node.start(home, BY_EVENTS_ONLY)) {
      var key = node.newcomer("whale");
      var crashed = new TreeSet<>(List.of(node.createRunning(key), node.createRunning(key)));
      crashed.forEach(id -> node.host().kill(Node.sandbox(id)));
      crashed.forEach(id -> node.awaitStatus(key, id, Instance.Status.error));

      node.script().unreachable();
      assertThat(node.operator("RecoverInstances").body())
          .contains("\"recovered\":0,\"left\":1,\"refused_count\":1")
          .contains("\"reason\":\"SERVER_UNAVAILABLE\"");
      node.script().reachable();
      assertThat(node.operator("RecoverInstances").body())
          .contains("\"recovered\":2,\"left\":0,\"refused_count\":0");
    }
  }

  private static long capacityCalls(Node node) {
    return node.script().calls().stream().filter(call -> call.verb() == Verb.CAPACITY).count();
  }

  /** The test makes no call with the instance's id, because that would also resume its work. */
  @Test
  void workFromBeforeTheClockWasSetBackIsResumedAfterAStart() throws Exception {
    String id;
    try (var node = Node.start(home, QUICK)) {
      var key = node.newcomer("whale");
      var hold = node.script().holdNext(Verb.WRITE_FILES);
      id = node.create(key);
      assertThat(hold.awaitCall(Node.LIMIT)).isTrue();
      try (var database = node.openDatabase()) {
        int changed =
            database
                .jdbi()
                .withHandle(
                    handle ->
                        handle.execute(
                            "UPDATE instances SET owes_since = DATEADD('HOUR', 1, owes_since)"
                                + " WHERE id = ? AND owes_since IS NOT NULL",
                            id));
        assertThat(changed).isEqualTo(1);
      }
    }
    try (var node = Node.start(home, QUICK)) {
      Node.await(() -> runs(node, id) ? "" : "does not run");
    }
  }

  private static void loses(
      Node node,
      String key,
      BiConsumer<SimulatedEngine, dev.chowder.sandbox.SandboxId> loss,
      String reason,
      String message) {
    var id = node.createRunning(key);
    long begun = System.nanoTime();
    loss.accept(node.host(), Node.sandbox(id));
    var failed = node.awaitStatus(key, id, Instance.Status.error);
    assertThat(Duration.ofNanos(System.nanoTime() - begun)).as(reason).isLessThan(NOTICED_WITHIN);
    assertThat(failed.getErrorReason()).isEqualTo(reason);
    assertThat(failed.getErrorMessage()).contains(message);
  }

  private static String untracked(SimulatedEngine host) {
    var id = UUID.randomUUID().toString();
    host.create(new SandboxSpec(Node.sandbox(id), "org", "image", 0, RESOURCES));
    var _ =
        host.start(
            Node.sandbox(id),
            Fence.ofAttempt(1),
            new ProcessSpec("image", "org", List.of("serve"), Map.of(), 1, RESOURCES));
    return id;
  }

  private static boolean runs(Node node, String id) {
    return node.host().observe(Node.sandbox(id)).mainProcess() instanceof MainProcess.Up;
  }

  private static String reconciler(Node node) {
    return node.operator("GetReconciler").body();
  }

  private static int remove(Node node, String id) {
    return node.operator("RemoveSandbox", request("sandbox_id", "sb-" + id)).statusCode();
  }

  /** Waits for this many complete passes from now on. */
  private static void awaitPasses(Node node, int passes) {
    long before = lists(node);
    Node.await(() -> lists(node) > before + passes ? "" : "no pass");
  }

  private static long lists(Node node) {
    return node.script().calls().stream().filter(call -> call.verb() == Verb.LIST).count();
  }
}
