package dev.chowder.server.crash;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.chowder.api.v1.InstanceServiceGrpc;
import dev.chowder.api.v1.TailLogsRequest;
import dev.chowder.api.v1.WatchInstanceRequest;
import dev.chowder.base.Failpoints;
import dev.chowder.server.crash.LifecycleRun.Ask;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import java.io.IOException;
import java.nio.file.Path;
import java.sql.SQLException;
import java.time.Duration;
import java.util.List;
import java.util.Random;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.regex.Pattern;
import java.util.stream.IntStream;
import java.util.stream.Stream;
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
 * Kills the server at every failpoint, right after acknowledgements and at random moments, and
 * checks that it recovers completely. Needs no Docker. Uses H2, or PostgreSQL with {@code
 * -Dchowder-tool.crash.storage=postgresql}.
 *
 * <p>Its methods run in parallel, but not in parallel with other classes, so the class itself is
 * not concurrent.
 */
class CrashIT {
  private static final Duration DEATH_LIMIT = Duration.ofSeconds(90);

  /** Shorter than the grace period that calls get at a shutdown. */
  private static final Duration SHUTDOWN_LIMIT = Duration.ofSeconds(20);

  private static final Duration REPAIR_LIMIT = Duration.ofSeconds(60);

  private static final Pattern ENDED = Pattern.compile("Startup ended (.+)");

  /** Longer than the longest scenario on a busy machine. */
  private static final Duration LANE_LIMIT = Duration.ofMinutes(10);

  private static final int RANDOM_KILLS = 12;
  private static final String REPLAY = "chowder-tool.crash.seed";

  /** Parallel tests, each with its own home and server. JUnit runs the same number. */
  private static final int LANES = 2;

  @TempDir static Path base;
  private static final BlockingQueue<Lane> FREE = new LinkedBlockingQueue<>();
  private static ListedModels models;
  private static HomeStorage storage;

  private Lane lane;

  @BeforeAll
  static void makeLanes() throws IOException {
    models = new ListedModels();
    storage = HomeStorage.chosen();
    for (int n = 0; n < LANES; n++)
      FREE.add(new Lane(base.resolve("lane-" + n), storage, List.of()));
  }

  @AfterAll
  static void end() {
    FREE.forEach(Lane::close);
    FREE.clear();
    storage.close();
    models.close();
  }

  @BeforeEach
  void start() throws IOException, InterruptedException {
    lane = FREE.poll(LANE_LIMIT.toSeconds(), TimeUnit.SECONDS);
    assertThat(lane).as("a free lane after " + LANE_LIMIT).isNotNull();
    lane.begin();
  }

  @AfterEach
  void releaseLane() {
    lane.discardDeadServer();
    FREE.add(lane);
  }

  private static LifecycleRun lifecycle(Path home) {
    return new LifecycleRun(home, models.baseUrl(), _ -> {});
  }

  /** Checks that the recovered instance works until its deletion. */
  private void checkRecovery(LifecycleRun lifecycle) throws IOException {
    lane.restart();
    lifecycle.awaitSteady(lane.server());
    lifecycle.finish(lane.server());
    lane.markClean();
  }

  /** {@code -Dchowder-tool.crash.places=REGEX} selects failpoints, to analyze a failure. */
  static List<FailpointCase> places() {
    var wanted = System.getProperty("chowder-tool.crash.places", ".*");
    return FailpointCase.all().stream()
        .filter(place -> place.scenario() != FailpointCase.Scenario.POOL)
        .filter(place -> place.name().matches(wanted))
        .toList();
  }

  @Execution(ExecutionMode.CONCURRENT)
  @ParameterizedTest(name = "{0}")
  @MethodSource("places")
  void theServerRecoversFromADeathAt(FailpointCase place) throws IOException {
    var lifecycle = lifecycle(lane.home());
    switch (place.scenario()) {
      case LIFECYCLE -> {
        lane.arm(place);
        runUntilTheServerDies(lifecycle);
      }
      case START_UP -> {
        lifecycle.begin(lane.server());
        lane.server().kill();
        lane.restartTowards(place);
      }
      case SHUT_DOWN -> {
        lifecycle.begin(lane.server());
        lane.arm(place);
        lane.server().terminate();
      }
      case UNUSED_SLOT_OF_CREATE -> {
        lane.arm(FailpointCase.BEFORE_CREATION);
        runUntilTheServerDies(lifecycle);
        lane.server().awaitDeathAt(FailpointCase.BEFORE_CREATION, DEATH_LIMIT);
        lane.restartTowards(place);
      }
      case HOME_LOST -> {
        lifecycle.begin(lane.server());
        lane.server().kill();
        lifecycle.disk().lose(lifecycle.sandbox());
        lifecycle.expectError();
        lane.restartTowards(place);
      }
      case HOME_REAPPEARED -> {
        lifecycle.begin(lane.server());
        lifecycle.delete(lane.server());
        lifecycle.awaitSteady(lane.server());
        lifecycle.awaitRemoved(lane.server());
        lane.server().kill();
        lifecycle.disk().restoreHome(lifecycle.sandbox());
        lane.restartTowards(place);
      }
      case ENGINE_LOST -> {
        lifecycle.begin(lane.server());
        lane.server().kill();
        lifecycle.disk().endWithEngine(lifecycle.sandbox());
        lane.restartTowards(place);
      }
      case LATER_ATTEMPT -> {
        lifecycle.begin(lane.server());
        lane.server().kill();
        lifecycle.disk().startLater(lifecycle.sandbox());
        lane.restartTowards(place);
      }
      case RECOVERED -> {
        fail(lifecycle);
        lane.arm(place);
        recoverUntilTheServerDies(lifecycle);
      }
      case UNUSED_SLOT_OF_RECOVER -> {
        fail(lifecycle);
        lane.arm(FailpointCase.BEFORE_RECOVERY);
        recoverUntilTheServerDies(lifecycle);
        lane.server().awaitDeathAt(FailpointCase.BEFORE_RECOVERY, DEATH_LIMIT);
        lane.restartTowards(place);
      }
      case MOVED -> {
        lifecycle.begin(lane.server());
        lane.server().kill();
        lifecycle.disk().move(lifecycle.sandbox());
        lane.restartTowards(place);
      }
      case POOL -> throw new IllegalStateException(place + " belongs to PoolCrashIT");
    }
    lane.server().awaitDeathAt(place, DEATH_LIMIT);
    checkRecovery(lifecycle);
  }

  /** The places at which the server dies while a call for files ends a sleeping gateway. */
  static List<FailpointCase> endsOfASleep() {
    return Stream.of("persist.SleepRequested", "engine.stop", "persist.SleepReached")
        .flatMap(step -> Stream.of(step + Failpoints.BEFORE, step + Failpoints.AFTER))
        .map(name -> new FailpointCase(name, FailpointCase.Scenario.LIFECYCLE))
        .toList();
  }

  @Execution(ExecutionMode.CONCURRENT)
  @ParameterizedTest(name = "{0}")
  @MethodSource("endsOfASleep")
  void theServerRecoversFromADeathWhileASleepEnds(FailpointCase place) throws IOException {
    var lifecycle = lifecycle(lane.home());
    lifecycle.begin(lane.server());
    lifecycle.stop(lane.server());
    lifecycle.awaitSteady(lane.server());
    lifecycle.awaitPagedOut(lane.server());
    lane.arm(place);
    assertThatThrownBy(() -> lifecycle.writeNote(lane.server())).isInstanceOf(ServerDied.class);
    lane.server().awaitDeathAt(place, DEATH_LIMIT);
    checkRecovery(lifecycle);
  }

  /** Removes the home volume; the restarted server must detect that. */
  private void fail(LifecycleRun lifecycle) throws IOException {
    lifecycle.begin(lane.server());
    lane.server().kill();
    lifecycle.disk().lose(lifecycle.sandbox());
    lifecycle.expectError();
    lane.restart();
    lifecycle.awaitSteady(lane.server());
  }

  private void recoverUntilTheServerDies(LifecycleRun lifecycle) {
    try {
      lifecycle.recover(lane.server());
    } catch (ServerDied expected) {
      assertThat(expected).hasCauseInstanceOf(Exception.class);
    }
  }

  /**
   * The server may also die after the last response, because work continues after an
   * acknowledgement.
   */
  private void runUntilTheServerDies(LifecycleRun lifecycle) {
    try {
      lifecycle.live(lane.server());
    } catch (ServerDied expected) {
      assertThat(expected).hasCauseInstanceOf(Exception.class);
    }
  }

  @Execution(ExecutionMode.CONCURRENT)
  @ParameterizedTest
  @EnumSource(Ask.class)
  void acknowledgedChangesSurviveAnImmediateKill(Ask last) throws IOException {
    // The recovered scenario may receive the same acknowledgement once more.
    var victim = lane.server();
    var lifecycle =
        new LifecycleRun(
            lane.home(),
            models.baseUrl(),
            ask -> {
              if (ask == last) victim.kill();
            });
    assertThatThrownBy(
            () -> {
              lifecycle.live(victim);
              lifecycle.awaitSteady(victim);
            })
        .isInstanceOf(ServerDied.class);
    checkRecovery(lifecycle);
  }

  static Stream<Long> seeds() {
    var replayed = System.getProperty(REPLAY);
    if (replayed != null) return Stream.of(Long.parseLong(replayed));
    long first = System.nanoTime();
    return IntStream.range(0, RANDOM_KILLS).mapToObj(n -> first + n);
  }

  /**
   * The test's name contains the seed. {@code -Dchowder-tool.crash.seed=N} uses the same moment
   * again.
   */
  @Execution(ExecutionMode.CONCURRENT)
  @ParameterizedTest(name = "seed {0}")
  @MethodSource("seeds")
  void aKillAtARandomMomentLosesNothing(long seed) throws IOException {
    var victim = lane.server();
    var moment = Duration.ofMillis(new Random(seed).nextInt(1500));
    var killer =
        Thread.ofVirtual()
            .start(
                () -> {
                  if (!victim.endsWithin(moment)) victim.kill();
                });
    var lifecycle = lifecycle(lane.home());
    runUntilTheServerDies(lifecycle);
    join(killer);
    checkRecovery(lifecycle);
  }

  private static void join(Thread killer) {
    try {
      killer.join(DEATH_LIMIT);
    } catch (InterruptedException why) {
      throw new IllegalStateException(why);
    }
  }

  /**
   * The steps from the row of an idempotency key to the response. Without a retry, reconciliation
   * tombstones the id.
   */
  static List<String> stepsOfACreation() {
    return List.of(
        "idempotency.claim" + Failpoints.AFTER,
        "persist.organization.SlotReserved" + Failpoints.AFTER,
        "persist.Created" + Failpoints.BEFORE,
        "persist.Created" + Failpoints.AFTER,
        "idempotency.answer" + Failpoints.BEFORE,
        "idempotency.answer" + Failpoints.AFTER);
  }

  @Execution(ExecutionMode.CONCURRENT)
  @ParameterizedTest(name = "{0}")
  @MethodSource("stepsOfACreation")
  void aRetryCompletesACreationWithAKeyAfterADeathAt(String step) throws IOException {
    var lifecycle = lifecycle(lane.home());
    lifecycle.prepare(lane.server());
    var place = new FailpointCase(step, FailpointCase.Scenario.LIFECYCLE);
    lane.arm(place);
    var victim = lane.server();
    assertThatThrownBy(() -> lifecycle.createOnce(victim, "once")).isInstanceOf(ServerDied.class);
    victim.awaitDeathAt(place, DEATH_LIMIT);
    lane.restart();

    lifecycle.createOnce(lane.server(), "once");
    lifecycle.awaitSteady(lane.server());
    lifecycle.createOnce(lane.server(), "once");

    lifecycle.awaitSteady(lane.server());
    lifecycle.finish(lane.server());
    lane.markClean();
  }

  @Execution(ExecutionMode.CONCURRENT)
  @Test
  void anUnusedSlotIsReleasedWithoutACallToItsOrganization() throws IOException {
    var lifecycle = lifecycle(lane.home());
    lane.arm(FailpointCase.SLOT_TAKEN);
    runUntilTheServerDies(lifecycle);
    lane.server().awaitDeathAt(FailpointCase.SLOT_TAKEN, DEATH_LIMIT);
    lane.restart();

    lane.server()
        .awaitLine(
            Pattern.compile("organization=" + lifecycle.organization() + " event=SlotReleased"),
            REPAIR_LIMIT);

    lifecycle.awaitSteady(lane.server());
    lifecycle.finish(lane.server());
    lane.markClean();
  }

  @Execution(ExecutionMode.CONCURRENT)
  @Test
  void lostReadRowsAreRestoredAtTheNextStart() throws Exception {
    var lifecycle = lifecycle(lane.home());
    lifecycle.begin(lane.server());
    lane.server().kill();
    inDatabase("DELETE FROM instances");
    inDatabase("DELETE FROM organizations");
    lane.restart();

    lane.server()
        .awaitLine(Pattern.compile("organizations=\\d+ stale rows repaired"), REPAIR_LIMIT);
    lane.server().awaitLine(Pattern.compile("instances=\\d+ stale rows repaired"), REPAIR_LIMIT);

    lifecycle.awaitSteady(lane.server());
    lifecycle.finish(lane.server());
    lane.markClean();
  }

  @Execution(ExecutionMode.CONCURRENT)
  @Test
  void anOrderlyShutdownWithOpenCallsIsQuickAndLosesNothing() throws Exception {
    var lifecycle = lifecycle(lane.home());
    var server = lane.server();
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
            "session visibility of earlier keys",
            "records of revocations",
            "responses",
            "Control UI approval",
            "unreferenced values",
            "pool keeper",
            "sleep keeper",
            "disk watch",
            "reconciler",
            "effects",
            "actors",
            "membership",
            "blocking work",
            "sandbox engine",
            "database",
            "metrics");
    checkRecovery(lifecycle);

    server = lane.server();
    server.terminate();
    server.awaitExit(SHUTDOWN_LIMIT);
    assertThat(secretsOf(lifecycle.id())).isZero();
  }

  private long secretsOf(String owner) throws SQLException {
    try (var connection = storage.connect(lane.home());
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
    try (var connection = storage.connect(lane.home());
        var statement = connection.createStatement()) {
      statement.execute(change);
    }
  }
}
