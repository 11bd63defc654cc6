package dev.chowder.server.crash;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.chowder.api.v1.InstanceServiceGrpc;
import dev.chowder.api.v1.TailLogsRequest;
import dev.chowder.api.v1.WatchInstanceRequest;
import dev.chowder.server.crash.LifecycleRun.Ask;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import java.io.IOException;
import java.nio.file.Path;
import java.sql.SQLException;
import java.time.Duration;
import java.util.List;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Kills processes at fixed moments, right after acknowledgements and during a shutdown. {@link
 * CrashIT} covers every failpoint without a process of its own. Runs like {@link CrashContract}.
 */
class KillIT {
  /** Shorter than the grace period that calls get at a shutdown. */
  private static final Duration SHUTDOWN_LIMIT = Duration.ofSeconds(20);

  private static final Pattern ENDED = Pattern.compile("Startup ended (.+)");
  private static final int FIXED_SEEDS = 2;

  private static CrashLanes lanes;

  private Lane lane;
  private CrashScenarios scenarios;

  @BeforeAll
  static void makeLanes(@TempDir Path base) throws IOException {
    lanes = new CrashLanes(base, HomeStorage.chosen(), new Launcher.Processes(), List.of());
  }

  @AfterAll
  static void end() {
    lanes.close();
  }

  @BeforeEach
  void start() throws IOException, InterruptedException {
    lane = lanes.take();
    scenarios = new CrashScenarios(lane, lanes.modelUrl());
  }

  @AfterEach
  void releaseLane() {
    if (lane != null) lanes.release(lane);
  }

  /** Failpoints of the engine's verbs, of writes to the journal, and of a shutdown. */
  static List<FailpointCase> places() {
    var chosen =
        List.of(
            "engine.create.after",
            "engine.stop.before",
            "engine.thaw.after",
            "persist.RestartRequested.after",
            "engine.remove.before",
            "persist.CreationForbidden.after",
            "persist.Recovered.after",
            "engine.watch.before",
            "engine.close.before",
            "persist.Failed.before");
    var found = FailpointCase.all().stream().filter(one -> chosen.contains(one.name())).toList();
    assertThat(found).hasSameSizeAs(chosen);
    return found;
  }

  @Execution(ExecutionMode.CONCURRENT)
  @ParameterizedTest(name = "{0}")
  @MethodSource("places")
  void theServerRecoversFromAKillAt(FailpointCase place) throws IOException {
    scenarios.dieAt(place);
  }

  static List<Long> seeds() {
    return Seeds.fixed(Seeds.KILL, FIXED_SEEDS);
  }

  @Execution(ExecutionMode.CONCURRENT)
  @ParameterizedTest(name = "seed {0}")
  @MethodSource("seeds")
  void aKillAtAMomentThatASeedDecidesLosesNothing(long seed) throws IOException {
    scenarios.dieAtARandomMoment(seed);
  }

  @Execution(ExecutionMode.CONCURRENT)
  @ParameterizedTest
  @EnumSource(Ask.class)
  void acknowledgedChangesSurviveAnImmediateKill(Ask last) throws IOException {
    scenarios.dieAfterTheAcknowledgementOf(last);
  }

  @Execution(ExecutionMode.CONCURRENT)
  @Test
  void lostReadRowsAreRestoredAtTheNextStart() throws Exception {
    var lifecycle = scenarios.lifecycle();
    lifecycle.begin(lane.server());
    lane.server().kill();
    inDatabase("DELETE FROM instances");
    inDatabase("DELETE FROM organizations");
    lane.restart();

    lane.server()
        .awaitLine(
            Pattern.compile("organizations=\\d+ stale rows repaired"), CrashScenarios.REPAIR_LIMIT);
    lane.server()
        .awaitLine(
            Pattern.compile("instances=\\d+ stale rows repaired"), CrashScenarios.REPAIR_LIMIT);

    lifecycle.awaitSteady(lane.server());
    lifecycle.finish(lane.server());
    lane.markClean();
  }

  @Execution(ExecutionMode.CONCURRENT)
  @Test
  void anOrderlyShutdownWithOpenCallsIsQuickAndLosesNothing() throws Exception {
    var lifecycle = scenarios.lifecycle();
    var server = (ServerProcess) lane.server();
    lifecycle.begin(server);
    var stub =
        InstanceServiceGrpc.newBlockingStub(server.channel())
            .withCallCredentials(lifecycle.credentials());
    var watch =
        stub.watchInstance(WatchInstanceRequest.newBuilder().setInstanceId(lifecycle.id()).build());
    assertThat(watch.hasNext()).isTrue();
    var logs =
        stub.tailLogs(
            TailLogsRequest.newBuilder().setInstanceId(lifecycle.id()).setFollow(true).build());
    assertThat(logs).isNotNull();
    lifecycle.stop(server);

    server.terminate();
    // The watch ends so that its caller resumes it at another node, or here after the next start.
    assertThatThrownBy(() -> watch.forEachRemaining(_ -> {}))
        .isInstanceOfSatisfying(
            StatusRuntimeException.class,
            why -> assertThat(why.getStatus().getCode()).isEqualTo(Status.Code.UNAVAILABLE));
    int exitCode = server.awaitExit(SHUTDOWN_LIMIT);

    assertThat(exitCode).as(server.tail()).isEqualTo(128 + 15);
    assertThat(server.tail()).doesNotContain("did not end cleanly", "timed out", "ERROR");
    assertThat(ENDED.matcher(server.tail()).results().map(line -> line.group(1)))
        .containsExactly(
            "service",
            "gRPC",
            "monitoring port",
            "operator port",
            "idempotency keys",
            "revocations",
            "deletions of organizations",
            "audit",
            "records of revocations",
            "responses",
            "Control UI approval",
            "unreferenced values",
            "pool keeper",
            "sleep keeper",
            "disk watch",
            "reconciler",
            "effects",
            "disk guard",
            "actors",
            "membership",
            "blocking work",
            "sandbox engine",
            "database",
            "metrics");
    scenarios.checkRecovery(lifecycle);

    server = (ServerProcess) lane.server();
    server.terminate();
    server.awaitExit(SHUTDOWN_LIMIT);
    assertThat(secretsOf(lifecycle.id())).isZero();
  }

  private long secretsOf(String owner) throws SQLException {
    try (var connection = lanes.storage().connect(lane.home());
        var query = connection.prepareStatement("SELECT COUNT(*) FROM secrets WHERE owner = ?")) {
      query.setString(1, owner);
      try (var row = query.executeQuery()) {
        row.next();
        return row.getLong(1);
      }
    }
  }

  /** Changes the database while no server runs, because H2 belongs to one process. */
  private void inDatabase(String change) throws SQLException {
    try (var connection = lanes.storage().connect(lane.home());
        var statement = connection.createStatement()) {
      statement.execute(change);
    }
  }
}
