package dev.chowder.server.node;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.chowder.api.v1.Instance;
import dev.chowder.api.v1.StartInstanceRequest;
import dev.chowder.api.v1.StopInstanceRequest;
import dev.chowder.sandbox.SandboxObservation.MainProcess;
import dev.chowder.simulator.FakeSandboxSettings;
import dev.chowder.simulator.FakeScript.Verb;
import dev.chowder.simulator.SimulatedEngine;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.io.TempDir;

/**
 * A node with sleeping gateways on a simulated host. A gateway takes 1 GiB, and half of it when it
 * is paged out to compressed swap.
 */
// Each test starts its node first.
@SuppressWarnings("NullAway.Init")
abstract class SleepingNode {
  static final long GIB = 1L << 30;
  private static final String NEVER = "1000d";

  @TempDir Path home;
  Node node;
  String key;

  void start(double gibibytes, Map<String, Object> settings) throws IOException {
    var host =
        new SimulatedEngine(
            new FakeSandboxSettings(
                Optional.of(home.resolve("sandboxes")),
                Duration.ZERO,
                Duration.ZERO,
                Duration.ZERO,
                (long) (gibibytes * GIB),
                GIB));
    var all = new HashMap<String, Object>();
    all.put("chowder.host.gateway-memory", "1 GiB");
    all.put("chowder.host.reserve-memory", 0);
    all.put("chowder.host.boot-time", "0s");
    all.put("chowder.sleep.check-interval", "50ms");
    all.put("chowder.sleep.page-out-delay", NEVER);
    all.put("chowder.sleep.deep-sleep-delay", NEVER);
    all.put("chowder.sleep.low-memory", 0);
    all.put("chowder.reconciler.interval", "200ms");
    all.putAll(settings);
    node = Node.start(home, host, all);
    key = node.newcomer("whale");
  }

  @AfterEach
  void stop() {
    node.close();
  }

  String running(String owner) {
    awaitLedger();
    return node.createRunning(owner);
  }

  String asleep() {
    return asleep(key);
  }

  String asleep(String owner) {
    var id = running(owner);
    stop(owner, id);
    return id;
  }

  void stop(String id) {
    stop(key, id);
  }

  private void stop(String owner, String id) {
    var _ =
        node.instances(owner)
            .stopInstance(StopInstanceRequest.newBuilder().setInstanceId(id).build());
  }

  Instance wake(String id) {
    var _ =
        node.instances(key)
            .startInstance(StartInstanceRequest.newBuilder().setInstanceId(id).build());
    return node.awaitStatus(key, id, Instance.Status.running);
  }

  Instance.SleepLevel level(String id) {
    return node.get(key, id).getSleepLevel();
  }

  void awaitLevel(String id, Instance.SleepLevel level) {
    Node.await(() -> level(id) == level ? "" : "at level " + level(id));
  }

  /** Waits for further checks, each of which reads the host's memory. */
  void awaitChecks(int checks) {
    long before = reads();
    Node.await(() -> reads() >= before + checks ? "" : "no check");
  }

  long reads() {
    return node.script().calls().stream().filter(call -> call.verb() == Verb.CAPACITY).count();
  }

  /** Waits until no admission counts beside the memory that the gateways take. */
  static void awaitLedger() {
    long second = Instant.now().getEpochSecond();
    Node.await(() -> Instant.now().getEpochSecond() > second + 1 ? "" : "counts");
  }

  MainProcess mainProcess(String id) {
    return node.host().observe(Node.sandbox(id)).mainProcess();
  }

  void awaitCounted(String level, String cause, int count) {
    Node.await(() -> counted(level, cause) == count ? "" : "visible, but not counted");
  }

  double counted(String level, String cause) {
    return node.metric(
        "chowder_sleep_deepened_total{cause=\"%s\",level=\"%s\"}".formatted(cause, level));
  }

  static void assertNoCapacity(Runnable call) {
    assertThatThrownBy(call::run)
        .isInstanceOfSatisfying(
            StatusRuntimeException.class,
            why -> assertThat(why.getStatus().getCode()).isEqualTo(Status.Code.UNAVAILABLE));
  }
}
