package dev.chowder.operate.admin.node;

import static org.assertj.core.api.Assertions.assertThat;

import dev.chowder.base.Await;
import dev.chowder.cli.failure.ExitCode;
import dev.chowder.operate.NodeFixture;
import dev.chowder.operate.Ran;
import dev.chowder.operate.SimulatedNode.Parts;
import dev.chowder.operate.state.UpLock;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Drains nodes whose processes are simulated, under the supervisor of {@code scripts/up}. */
@Timeout(60)
class NodesCommandTest extends NodeFixture {
  private static final Duration LIMIT = Duration.ofSeconds(30);
  private static final String IN_ORDER = "trap 'echo drained; exit 0' TERM; ";
  private static final String NEVER = "trap '' TERM; ";

  private final List<ProcessHandle> started = new ArrayList<>();

  private void startTwoNodes() throws IOException {
    var usual = Parts.usual();
    start(usual.withNodes("one:1", "one:1", "two:2"), usual.withNodes("two:2", "one:1", "two:2"));
  }

  @AfterEach
  void end() {
    // The supervisor first; otherwise it would restart the process.
    started.forEach(ProcessHandle::destroyForcibly);
  }

  @Test
  void aDrainedNodeEndsInOrderAndIsNotRestarted() throws Exception {
    startTwoNodes();
    var supervisor = supervise("server-2", IN_ORDER);
    var ran = run("nodes", "drain", "2");
    assertThat(ran.code()).as(ran.errors()).isZero();
    assertThat(ran.errors()).contains("Node 2 (two:2) has stopped", "chowder up");
    assertThat(log("server-2")).endsWith("drained\n");
    assertThat(supervisor.waitFor(30, TimeUnit.SECONDS)).isTrue();
    assertThat(started).noneMatch(ProcessHandle::isAlive);
    assertThat(home.resolve("run/server-2.pid")).doesNotExist();
  }

  @Test
  void aNodeThatDoesNotEndIsReported() throws Exception {
    startTwoNodes();
    var _ = supervise("server", NEVER);
    var ran = Ran.of(Map.of("CHOWDER_STOP_SECONDS", "1"), settings(), "", "nodes", "drain", "1");
    assertThat(ran.code()).isEqualTo(ExitCode.TIMED_OUT.number());
    assertThat(ran.errors()).contains("node 1 did not stop within 1 s", "logs/server.log");
  }

  @Test
  void theOnlyNodeIsNotDrained() throws Exception {
    start(Parts.usual());
    var supervisor = supervise("server", IN_ORDER);
    var ran = run("nodes", "drain", "1");
    assertThat(ran.code()).isEqualTo(ExitCode.CONFLICT.number());
    assertThat(ran.errors()).contains("no other node would take over its work", "chowder down");
    assertThat(supervisor.isAlive()).isTrue();
  }

  /** Otherwise another command could stop a node after the nodes were counted. */
  @Test
  void nodesAreCountedOnlyWithTheLock() throws Exception {
    start(Parts.usual());
    try (var _ = UpLock.take(home)) {
      var ran = run("nodes", "drain", "1");
      assertThat(ran.code()).isEqualTo(ExitCode.CONFLICT.number());
      assertThat(ran.errors()).contains("another command is running for " + home);
    }
  }

  @Test
  void aNodeOfAnotherServiceIsNotStopped() throws Exception {
    startTwoNodes();
    var ran = run("nodes", "drain", "2");
    assertThat(ran.code()).isEqualTo(ExitCode.CONFLICT.number());
    assertThat(ran.errors()).contains("\"chowder up\" did not start it");
    assertThat(run("nodes", "drain", "10").errors()).contains("node: must be 1 to 9; got 10");
  }

  /** Starts a process and its supervisor, with the files of {@code chowder up}. */
  private Process supervise(String name, String trap) throws Exception {
    var base = Files.createDirectories(home.resolve("run")).resolve(name);
    var log = Files.createDirectories(home.resolve("logs")).resolve(name + ".log");
    var script = trap + "echo is ready; while :; do sleep 0.1; done";
    Files.writeString(
        home.resolve("run").resolve(name + ".command"),
        String.join("\0", "bash", "-c", script, "dev.chowder.server.Main") + "\0");
    var supervise = Path.of("../scripts/lib/supervise").toRealPath().toString();
    var supervisor = new ProcessBuilder(supervise, base.toString(), log.toString()).start();
    started.add(supervisor.toHandle());
    Files.writeString(home.resolve("run").resolve(name + ".supervisor"), supervisor.pid() + "\n");
    Await.until(LIMIT, () -> log(name).contains("is ready"));
    supervisor.descendants().forEach(started::add);
    return supervisor;
  }

  private String log(String name) {
    try {
      var file = home.resolve("logs").resolve(name + ".log");
      return Files.exists(file) ? Files.readString(file) : "";
    } catch (IOException why) {
      throw new AssertionError(why);
    }
  }
}
