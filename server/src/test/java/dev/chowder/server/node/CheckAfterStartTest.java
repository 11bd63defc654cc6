package dev.chowder.server.node;

import static org.assertj.core.api.Assertions.assertThat;

import dev.chowder.api.v1.Instance;
import dev.chowder.api.v1.StartInstanceRequest;
import dev.chowder.api.v1.StopInstanceRequest;
import dev.chowder.base.Await;
import dev.chowder.sandbox.SandboxException.Reason;
import dev.chowder.sandbox.SandboxObservation.MainProcess;
import dev.chowder.simulator.FakeScript.Verb;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** An instance that starts from a sleep runs before the databases of its gateway are checked. */
class CheckAfterStartTest {
  /** Passes of the reconciler that take longer than {@link #CHECK_DELAY}. */
  private static final int PASSES = 25;

  /** Longer than a start and a stop take on a loaded machine. */
  private static final String CHECK_DELAY = "3s";

  /** The tries of a check. */
  private static final int TRIES = 10;

  /** Eleven tries took 16 s beside seven other programs on two processors, and 40 s in CI. */
  private static final Duration CHECKS_LIMIT = Duration.ofMinutes(3);

  /** The method that a check calls. */
  private static final String USE = "sessions.groups.delete";

  @TempDir static Path home;
  private static Node node;
  private static String key;

  @BeforeAll
  static void start() throws IOException {
    node =
        Node.start(
            home,
            Map.of(
                "chowder.reconciler.interval",
                "200ms",
                "chowder.effect.sleep.check-delay",
                CHECK_DELAY));
    key = node.newcomer("whale");
  }

  @AfterAll
  static void stop() {
    node.close();
  }

  @AfterEach
  void heal() {
    node.script().heal();
  }

  @Test
  void aGatewayThatCannotUseItsDatabasesRunsAndIsBootedSoonAfter() {
    var id = node.createRunning(key);
    stop(id);
    node.script().withDatabasesLostByThaw(0);
    assertThat(start(id).getServedBy()).isEqualTo(Instance.ServedBy.thaw);
    awaitBoot(id);
  }

  /**
   * A check has ten tries. With more calls without an answer, as of a gateway that restarts for a
   * changed configuration, the first check finds nothing out, and another one follows.
   */
  @ParameterizedTest
  @ValueSource(ints = {1, 11})
  void aGatewayThatCanUseThemIsLeftAlone(int unanswered) {
    var id = node.createRunning(key);
    stop(id);
    node.script().closeNext(USE, unanswered);
    var revision = start(id).getRevision();
    Await.untilSolved(CHECKS_LIMIT, () -> node.script().closesLeft(USE) == 0 ? "" : "not checked");
    awaitPasses();
    assertThat(node.get(key, id).getRevision()).isEqualTo(revision);
  }

  /** All ten tries of the first check fail, and the next check succeeds. */
  @Test
  void aGatewayWhoseDatabasesWereLockedForAMomentIsLeftAlone() {
    var id = node.createRunning(key);
    stop(id);
    node.script().lockDatabases(TRIES);
    var revision = start(id).getRevision();
    Node.await(() -> node.script().lockedUsesLeft() == 0 ? "" : "not checked");
    awaitPasses();
    assertThat(node.get(key, id).getRevision()).isEqualTo(revision);
  }

  @Test
  void aCheckThatTheEngineRejectsIsRepeated() {
    var id = node.createRunning(key);
    stop(id);
    node.script().withDatabasesLostByThaw(0);
    var _ = start(id);
    node.script()
        .failNext(Verb.OBSERVE, 1, Reason.ENGINE_UNREACHABLE, "the engine does not answer");
    awaitBoot(id);
  }

  @Test
  void aGatewayThatSleepsAgainBeforeTheCheckStaysFrozen() {
    var id = node.createRunning(key);
    stop(id);
    node.script().withDatabasesLostByThaw(0);
    var _ = start(id);
    stop(id);
    awaitPasses();
    assertThat(node.host().observe(Node.sandbox(id)).mainProcess())
        .isInstanceOf(MainProcess.Paused.class);
    assertThat(node.get(key, id).getSleepLevel()).isEqualTo(Instance.SleepLevel.frozen);
  }

  private static void awaitBoot(String id) {
    Node.await(
        () -> {
          var now = node.get(key, id);
          return now.getStatus() == Instance.Status.running
                  && now.getServedBy() == Instance.ServedBy.boot
              ? ""
              : now.toString();
        });
  }

  private static void awaitPasses() {
    long end = node.calls(Verb.LIST) + PASSES;
    Node.await(() -> node.calls(Verb.LIST) >= end ? "" : "no pass");
  }

  private static void stop(String id) {
    var _ =
        node.instances(key)
            .stopInstance(StopInstanceRequest.newBuilder().setInstanceId(id).build());
  }

  private static Instance start(String id) {
    var _ =
        node.instances(key)
            .startInstance(StartInstanceRequest.newBuilder().setInstanceId(id).build());
    return node.awaitStatus(key, id, Instance.Status.running);
  }
}
