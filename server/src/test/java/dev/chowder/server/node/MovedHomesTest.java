package dev.chowder.server.node;

import static dev.chowder.server.operator.OperatorCalls.request;
import static org.assertj.core.api.Assertions.assertThat;

import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import dev.chowder.api.v1.ConnectChannelRequest;
import dev.chowder.api.v1.DeleteInstanceRequest;
import dev.chowder.api.v1.DeleteSkillRequest;
import dev.chowder.api.v1.GetFileContentRequest;
import dev.chowder.api.v1.InstallSkillRequest;
import dev.chowder.api.v1.Instance;
import dev.chowder.api.v1.PairChannelRequest;
import dev.chowder.api.v1.Reason;
import dev.chowder.api.v1.RecoverInstanceRequest;
import dev.chowder.api.v1.StartInstanceRequest;
import dev.chowder.api.v1.StopInstanceRequest;
import dev.chowder.api.v1.TailLogsRequest;
import dev.chowder.sandbox.SandboxObservation.MainProcess;
import dev.chowder.server.error.Rejection;
import dev.chowder.server.operator.OperatorCalls.Answer;
import dev.chowder.simulator.FakeScript.Verb;
import dev.chowder.simulator.SimulatedEngine;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.slf4j.LoggerFactory;

/**
 * Tests instances on the engine of another machine: with their home volumes, with copies of them
 * that lost their labels, and without them. A copy without its label counts as another volume.
 */
class MovedHomesTest {
  /** The generation of a home volume without a label. */
  private static final int UNLABELLED = 0;

  /** The generation of the home volume of a new instance. */
  private static final int FIRST = 1;

  private static final Map<String, Object> QUICK =
      Map.of(
          "chowder.reconciler.interval", "100ms",
          "chowder.reconciler.removal-delay", "200ms");

  @TempDir Path home;
  @TempDir Path empty;

  @Test
  void anAgentContinuesWhereItsHomeVolumeIs() throws IOException {
    var agent = agentOnThePreviousMachine(false);
    try (var moved = nodeWithTheHomeVolumes()) {
      awaitPasses(moved);
      moved.awaitStatus(agent.key(), agent.id(), Instance.Status.running);
      for (var call : calls(moved, agent.key(), agent.id())) call.run();
      assertThat(note(moved, agent.key(), agent.id())).isEqualTo("kept");
      stopAndStart(moved, agent);
      assertThat(note(moved, agent.key(), agent.id())).isEqualTo("kept");
      // An operator sees the identity with which the sandbox was created.
      assertThat(moved.operator("ListHosts").body()).contains(host("simulated", false, 1));

      delete(moved, agent);
      Node.await(
          () -> moved.host().observe(Node.sandbox(agent.id())).homeExists() ? "still there" : "");
    }
  }

  /** As an upgrade of Docker from version 20.10 does. */
  @Test
  void anAgentContinuesWhenTheIdentityOfTheEngineChanges() throws IOException {
    try (var node = Node.start(home, QUICK)) {
      var key = node.newcomer("shrimp");
      var id = node.createRunning(key);
      node.putFile(key, id, "note", "kept");
      var skill = installSkill(node, key, id);
      var code = requestPairing(node, key, id);

      node.host().identifyAs("another");
      awaitPasses(node);
      assertThat(node.get(key, id).getStatus()).isEqualTo(Instance.Status.running);
      deleteSkill(node, key, id, skill);
      pair(node, key, id, code);
      stopAndStart(node, new Agent(key, id));
      assertThat(note(node, key, id)).isEqualTo("kept");
    }
  }

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
      assertThat(restarted.operator("ListHosts").body()).contains("\"rebound_to\":\"another\"");
      var unbound = restarted.operator("UnbindHost", request("host", "simulated"));
      assertThat(unbound.statusCode()).isEqualTo(200);
      assertThat(unbound.body()).doesNotContain("rebound_to");
      assertRejected(restarted, key, id);
    }
  }

  @Test
  void aHostThatCannotBeReboundIsRejected() throws IOException {
    try (var node = Node.start(home, Map.of())) {
      assertRejected(node.operator("RebindHost", request("host", "simulated")), 409, "WRONG_STATE");
      for (var rpc : List.of("RebindHost", "UnbindHost")) {
        assertRejected(node.operator(rpc, request("host", "unknown")), 400, "INVALID_FIELD");
        assertRejected(node.operator(rpc), 400, "INVALID_FIELD");
      }
    }
  }

  @Test
  void skillsAndPairingCodesOfAnotherHostAreRejectedWhileTheGatewayRuns() throws IOException {
    try (var node = Node.start(home, Map.of("chowder.reconciler.interval", "1h"))) {
      var key = node.newcomer("shrimp");
      var id = node.createRunning(key);
      node.putFile(key, id, "note", "kept");
      var skill = installSkill(node, key, id);
      var code = requestPairing(node, key, id);

      moveTo(node.host());
      assertRejected(node, key, id);
      Rejection.of(() -> deleteSkill(node, key, id, skill))
          .hasReason(Reason.GATEWAY_UNAVAILABLE)
          .shows("does not have the host");
      Rejection.of(() -> pair(node, key, id, code)).hasReason(Reason.GATEWAY_UNAVAILABLE);

      rebind(node);
      deleteSkill(node, key, id, skill);
      pair(node, key, id, code);
      assertThat(note(node, key, id)).isEqualTo("kept");
    }
  }

  @Test
  void aStopOfAnotherHostFailsAndTheAgentIsRecoveredAfterTheRebinding() throws IOException {
    try (var node = Node.start(home, Map.of("chowder.reconciler.interval", "1h"))) {
      var key = node.newcomer("shrimp");
      var id = node.createRunning(key);
      node.putFile(key, id, "note", "kept");
      moveTo(node.host());
      var _ =
          node.instances(key)
              .stopInstance(StopInstanceRequest.newBuilder().setInstanceId(id).setWait(0).build());
      awaitElsewhere(node, key, id);
      assertThat(node.host().observe(Node.sandbox(id)).mainProcess())
          .isInstanceOf(MainProcess.Up.class);
      assertRecoveredAfterRebinding(node, key, id);
    }
  }

  @Test
  void aRunningAgentOfAnotherHostFailsAndIsRecoveredAfterTheRebinding() throws IOException {
    var agent = agentOnThePreviousMachine(false);
    try (var moved = nodeOnAnotherMachine()) {
      awaitElsewhere(moved, agent.key(), agent.id());
      assertRecoveredAfterRebinding(moved, agent.key(), agent.id());
    }
  }

  /** The volumes were not moved yet, so that a recovery would create an empty one. */
  @Test
  void anAgentOfAnotherHostIsNotRecoveredWithAnEmptyHomeVolume() throws IOException {
    var agent = agentOnThePreviousMachine(false);
    var host = Node.host(empty);
    host.identifyAs("another");
    try (var moved = Node.start(home, host, QUICK)) {
      awaitElsewhere(moved, agent.key(), agent.id());
      assertNotRecovered(moved, agent.key(), agent.id());
      assertThat(host.list()).isEmpty();
    }
  }

  @Test
  void aStoppedAgentOfAnotherHostStaysStoppedAndItsStartFails() throws IOException {
    var agent = agentOnThePreviousMachine(true);
    try (var moved = nodeOnAnotherMachine()) {
      awaitPasses(moved);
      assertThat(moved.get(agent.key(), agent.id()).getStatus()).isEqualTo(Instance.Status.stopped);
      var _ =
          moved
              .instances(agent.key())
              .startInstance(
                  StartInstanceRequest.newBuilder().setInstanceId(agent.id()).setWait(0).build());
      awaitElsewhere(moved, agent.key(), agent.id());
      assertRecoveredAfterRebinding(moved, agent.key(), agent.id());
    }
  }

  @Test
  void aStoppedAgentStartsWhereItsHomeVolumeIs() throws IOException {
    var agent = agentOnThePreviousMachine(true);
    try (var moved = nodeWithTheHomeVolumes()) {
      awaitPasses(moved);
      var _ =
          moved
              .instances(agent.key())
              .startInstance(StartInstanceRequest.newBuilder().setInstanceId(agent.id()).build());
      moved.awaitStatus(agent.key(), agent.id(), Instance.Status.running);
      assertThat(note(moved, agent.key(), agent.id())).isEqualTo("kept");
    }
  }

  @Test
  void aDeletedAgentOfAnotherHostIsRemovedAfterTheRebinding() throws IOException {
    var agent = agentOnThePreviousMachine(true);
    try (var moved = nodeOnAnotherMachine()) {
      delete(moved, agent);
      awaitPasses(moved);
      assertThat(moved.slots(agent.key())).isZero();
      assertThat(moved.host().observe(Node.sandbox(agent.id())).homeExists()).isTrue();
      assertThat(moved.operator("ListPendingEffects").body()).contains(agent.id());
      assertThat(moved.operator("ListHosts").body()).contains(host("simulated", false, 1));
      // The quarantine is for sandboxes that no journal explains.
      assertRejected(
          moved.operator("RemoveSandbox", request("sandbox_id", "sb-" + agent.id())),
          409,
          "WRONG_STATE");

      rebind(moved);
      Node.await(
          () -> moved.host().observe(Node.sandbox(agent.id())).homeExists() ? "still there" : "");
    }
  }

  /** Such a change may be a mistake, and their gateways may run. */
  @Test
  void aMoveOfManyAgentsHaltsTheReconcilerUntilTheHomeVolumesAreThere() throws IOException {
    var ids = new ArrayList<String>();
    String key;
    try (var before = Node.start(home, Map.of())) {
      key = before.newcomer("whale");
      for (int n = 0; n < 5; n++) ids.add(before.createRunning(key));
    }
    var logged = new ListAppender<ILoggingEvent>();
    logged.start();
    var reconciler = (Logger) LoggerFactory.getLogger("dev.chowder.reconcile.OtherHosts");
    reconciler.addAppender(logged);
    try (var moved = nodeOnAnotherMachine()) {
      Node.await(() -> isHalted(moved) ? "" : "not halted");
      awaitPasses(moved);
      assertThat(logged.list)
          .extracting(ILoggingEvent::getFormattedMessage)
          .anyMatch(text -> text.contains("{simulated=5}") && text.contains("RebindHost"));
      for (var id : ids) {
        assertThat(moved.get(key, id).getStatus()).isEqualTo(Instance.Status.running);
      }
    } finally {
      reconciler.detachAppender(logged);
    }
    try (var moved = nodeWithTheHomeVolumes()) {
      awaitPasses(moved);
      assertThat(isHalted(moved)).isFalse();
      for (var id : ids) {
        Node.await(
            () ->
                moved.host().observe(Node.sandbox(id)).mainProcess() instanceof MainProcess.Up
                    ? ""
                    : "not started: " + moved.get(key, id));
        moved.awaitStatus(key, id, Instance.Status.running);
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
      assertThat(moved.operator("ListHosts").body()).contains(host("another", true, 1));
    }
  }

  private Node nodeOnAnotherMachine() throws IOException {
    var host = Node.host(home.resolve("sandboxes"));
    moveTo(host);
    return Node.start(home, host, QUICK);
  }

  private static void moveTo(SimulatedEngine host) {
    host.identifyAs("another");
    host.relabelHomes(UNLABELLED);
  }

  private Node nodeWithTheHomeVolumes() throws IOException {
    var host = Node.host(home.resolve("sandboxes"));
    host.identifyAs("another");
    host.relabelHomes(FIRST);
    return Node.start(home, host, QUICK);
  }

  private static void stopAndStart(Node node, Agent agent) {
    var _ =
        node.instances(agent.key())
            .stopInstance(StopInstanceRequest.newBuilder().setInstanceId(agent.id()).build());
    node.awaitStatus(agent.key(), agent.id(), Instance.Status.stopped);
    var _ =
        node.instances(agent.key())
            .startInstance(StartInstanceRequest.newBuilder().setInstanceId(agent.id()).build());
    node.awaitStatus(agent.key(), agent.id(), Instance.Status.running);
  }

  private static void delete(Node node, Agent agent) {
    var _ =
        node.instances(agent.key())
            .deleteInstance(DeleteInstanceRequest.newBuilder().setInstanceId(agent.id()).build());
  }

  private record Agent(String key, String id) {}

  private Agent agentOnThePreviousMachine(boolean stopped) throws IOException {
    try (var before = Node.start(home, Map.of())) {
      var key = before.newcomer("shrimp");
      var id = before.createRunning(key);
      before.putFile(key, id, "note", "kept");
      if (stopped) {
        var _ =
            before
                .instances(key)
                .stopInstance(StopInstanceRequest.newBuilder().setInstanceId(id).build());
      }
      return new Agent(key, id);
    }
  }

  private static void awaitElsewhere(Node node, String key, String id) {
    var failed = node.awaitStatus(key, id, Instance.Status.error);
    assertThat(failed.getErrorReason()).isEqualTo("ELSEWHERE");
    assertThat(failed.getErrorMessage()).contains("RebindHost");
  }

  private static void assertNotRecovered(Node node, String key, String id) {
    Rejection.of(() -> recover(node, key, id)).hasReason(Reason.WRONG_STATE).shows("RebindHost");
    var bulk = node.operator("RecoverInstances", request("error_reason", "ELSEWHERE"));
    assertThat(bulk.body()).contains("\"recovered\":0", "\"refused_count\":1", "RebindHost");
    assertThat(node.get(key, id).getStatus()).isEqualTo(Instance.Status.error);
    assertThat(node.slots(key)).isZero();
  }

  private static void assertRecoveredAfterRebinding(Node node, String key, String id) {
    assertNotRecovered(node, key, id);
    rebind(node);
    var bulk = node.operator("RecoverInstances", request("error_reason", "ELSEWHERE"));
    assertThat(bulk.body()).contains("\"recovered\":1");
    node.awaitStatus(key, id, Instance.Status.running);
    assertThat(note(node, key, id)).isEqualTo("kept");
  }

  private static void recover(Node node, String key, String id) {
    var _ =
        node.instances(key)
            .recoverInstance(
                RecoverInstanceRequest.newBuilder().setInstanceId(id).setWait(0).build());
  }

  private static void rebind(Node node) {
    assertThat(node.operator("RebindHost", request("host", "simulated")).statusCode())
        .isEqualTo(200);
  }

  private static boolean isHalted(Node node) {
    return node.operator("GetReconciler").body().contains("\"halted\":true");
  }

  /** Waits for enough complete passes that the grace period is over. */
  private static void awaitPasses(Node node) {
    long enough = node.calls(Verb.LIST) + 8;
    Node.await(() -> node.calls(Verb.LIST) > enough ? "" : "no pass");
  }

  private static String installSkill(Node node, String key, String id) {
    return node.skills(key)
        .installSkill(
            InstallSkillRequest.newBuilder().setInstanceId(id).setSlug("web-search").build())
        .getSkill();
  }

  private static void deleteSkill(Node node, String key, String id, String skill) {
    var _ =
        node.skills(key)
            .deleteSkill(
                DeleteSkillRequest.newBuilder().setInstanceId(id).setSkillName(skill).build());
  }

  private static String requestPairing(Node node, String key, String id) {
    var _ =
        node.channels(key)
            .connectChannel(
                ConnectChannelRequest.newBuilder()
                    .setInstanceId(id)
                    .setChannel("telegram")
                    .putConfig("token", "123456789:AAH-hush-hush")
                    .build());
    return node.host().requestPairing(Node.sandbox(id), "telegram", "4711", "Ada");
  }

  private static void pair(Node node, String key, String id, String code) {
    var _ =
        node.channels(key)
            .pairChannel(
                PairChannelRequest.newBuilder()
                    .setInstanceId(id)
                    .setChannel("telegram")
                    .setCode(code)
                    .build());
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
