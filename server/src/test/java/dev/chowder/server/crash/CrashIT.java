package dev.chowder.server.crash;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.chowder.actor.Failpoints;
import dev.chowder.api.v1.InstanceServiceGrpc;
import dev.chowder.api.v1.TailLogsRequest;
import dev.chowder.api.v1.WatchInstanceRequest;
import dev.chowder.server.crash.Journey.Ask;
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
 * Has the server die at every failpoint, right after acknowledgements and at random moments, and
 * looks whether it comes back as if it had not. Needs no Docker. On H2, or with {@code
 * -Dchowder.crash.storage=postgresql} on PostgreSQL.
 *
 * <p>Its methods run side by side, but not beside other classes: not the class is concurrent.
 */
class CrashIT {
  private static final Duration DEATH_LIMIT = Duration.ofSeconds(90);
  private static final Duration SHUTDOWN_LIMIT = Duration.ofSeconds(20);

  private static final Duration REPAIR_LIMIT = Duration.ofSeconds(60);

  /** Shorter than the grace that calls are given at the end. */
  private static final Pattern ENDED = Pattern.compile("Lifeline ended (.+)");

  /** Longer than the longest story on a busy machine. */
  private static final Duration LANE_LIMIT = Duration.ofMinutes(10);

  private static final int RANDOM_KILLS = 12;
  private static final String REPLAY = "chowder.crash.seed";

  /** Tests at once; each has a home and a server to itself. JUnit runs as many. */
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
    for (int n = 0; n < LANES; n++) FREE.add(new Lane(base.resolve("lane-" + n), storage));
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
  void giveBack() {
    lane.keepOnlyTheLiving();
    FREE.add(lane);
  }

  private static Journey journey(Path home) {
    return new Journey(home, models.baseUrl(), _ -> {});
  }

  /** What came back has to work as well as before, to the end of its life. */
  private void comeBack(Journey journey) throws IOException {
    lane.restart();
    journey.settle(lane.server());
    journey.finish(lane.server());
    lane.isClean();
  }

  /** {@code -Dchowder.crash.places=REGEX} takes some of them, to look into a failure. */
  static List<Place> places() {
    var wanted = System.getProperty("chowder.crash.places", ".*");
    return Place.all().stream().filter(place -> place.name().matches(wanted)).toList();
  }

  @Execution(ExecutionMode.CONCURRENT)
  @ParameterizedTest(name = "{0}")
  @MethodSource("places")
  void everythingGoesOnAfterADeathAt(Place place) throws IOException {
    var journey = journey(lane.home());
    switch (place.story()) {
      case LIFE -> {
        lane.arm(place);
        liveUntilItDies(journey);
      }
      case START_UP -> {
        journey.begin(lane.server());
        lane.server().kill();
        lane.restartTowards(place);
      }
      case SHUT_DOWN -> {
        journey.begin(lane.server());
        lane.arm(place);
        lane.server().terminate();
      }
      case UNBORN -> {
        lane.arm(Place.BEFORE_BIRTH);
        liveUntilItDies(journey);
        lane.server().awaitDeathAt(Place.BEFORE_BIRTH, DEATH_LIMIT);
        lane.restartTowards(place);
      }
      case HOME_LOST -> {
        journey.begin(lane.server());
        lane.server().kill();
        journey.disk().lose(journey.sandbox());
        journey.expectError();
        lane.restartTowards(place);
      }
      case LEFTOVER -> {
        journey.begin(lane.server());
        journey.delete(lane.server());
        journey.settle(lane.server());
        journey.awaitRemoved(lane.server());
        lane.server().kill();
        journey.disk().bringBack(journey.sandbox());
        lane.restartTowards(place);
      }
      case ENGINE_LOST -> {
        journey.begin(lane.server());
        lane.server().kill();
        journey.disk().endWithEngine(journey.sandbox());
        lane.restartTowards(place);
      }
      case LATER_ATTEMPT -> {
        journey.begin(lane.server());
        lane.server().kill();
        journey.disk().startLater(journey.sandbox());
        lane.restartTowards(place);
      }
      case RECOVERED -> {
        fail(journey);
        lane.arm(place);
        recoverUntilItDies(journey);
      }
      case SLOT_UNUSED -> {
        fail(journey);
        lane.arm(Place.BEFORE_RECOVERY);
        recoverUntilItDies(journey);
        lane.server().awaitDeathAt(Place.BEFORE_RECOVERY, DEATH_LIMIT);
        lane.restartTowards(place);
      }
      case MOVED -> {
        journey.begin(lane.server());
        lane.server().kill();
        journey.disk().move(journey.sandbox());
        lane.restartTowards(place);
      }
    }
    lane.server().awaitDeathAt(place, DEATH_LIMIT);
    comeBack(journey);
  }

  /** Its home vanishes, and the server that comes back has noticed. */
  private void fail(Journey journey) throws IOException {
    journey.begin(lane.server());
    lane.server().kill();
    journey.disk().lose(journey.sandbox());
    journey.expectError();
    lane.restart();
    journey.settle(lane.server());
  }

  private void recoverUntilItDies(Journey journey) {
    try {
      journey.recover(lane.server());
    } catch (ServerDied expected) {
      assertThat(expected).hasCauseInstanceOf(Exception.class);
    }
  }

  /**
   * The server may also die after the last answer: what was acknowledged is not all that is done.
   */
  private void liveUntilItDies(Journey journey) {
    try {
      journey.live(lane.server());
    } catch (ServerDied expected) {
      assertThat(expected).hasCauseInstanceOf(Exception.class);
    }
  }

  @Execution(ExecutionMode.CONCURRENT)
  @ParameterizedTest
  @EnumSource(Ask.class)
  void whatWasAcknowledgedIsNotLostWhenTheServerIsKilledAtOnce(Ask last) throws IOException {
    // The journey that came back may be acknowledged the same once more.
    var victim = lane.server();
    var journey =
        new Journey(
            lane.home(),
            models.baseUrl(),
            ask -> {
              if (ask == last) victim.kill();
            });
    assertThatThrownBy(
            () -> {
              journey.live(victim);
              journey.settle(victim);
            })
        .isInstanceOf(ServerDied.class);
    comeBack(journey);
  }

  static Stream<Long> seeds() {
    var replayed = System.getProperty(REPLAY);
    if (replayed != null) return Stream.of(Long.parseLong(replayed));
    long first = System.nanoTime();
    return IntStream.range(0, RANDOM_KILLS).mapToObj(n -> first + n);
  }

  /** The name holds the seed: {@code -Dchowder.crash.seed=N} takes the same moment again. */
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
    var journey = journey(lane.home());
    liveUntilItDies(journey);
    join(killer);
    comeBack(journey);
  }

  private static void join(Thread killer) {
    try {
      killer.join(DEATH_LIMIT);
    } catch (InterruptedException why) {
      throw new IllegalStateException(why);
    }
  }

  /** From the row of its key to its answer; the sweep forbids births while nobody repeats it. */
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
  void aCreationWithAKeyIsCompletedByItsRepetitionAfterADeathAt(String step) throws IOException {
    var journey = journey(lane.home());
    journey.prepare(lane.server());
    var place = new Place(step, Place.Story.LIFE);
    lane.arm(place);
    var victim = lane.server();
    assertThatThrownBy(() -> journey.createOnce(victim, "once")).isInstanceOf(ServerDied.class);
    victim.awaitDeathAt(place, DEATH_LIMIT);
    lane.restart();

    journey.createOnce(lane.server(), "once");
    journey.settle(lane.server());
    journey.createOnce(lane.server(), "once");

    journey.settle(lane.server());
    journey.finish(lane.server());
    lane.isClean();
  }

  @Execution(ExecutionMode.CONCURRENT)
  @Test
  void aSlotOfNobodyIsGivenBackThoughNobodySpeaksToItsOrganization() throws IOException {
    var journey = journey(lane.home());
    lane.arm(Place.SLOT_TAKEN);
    liveUntilItDies(journey);
    lane.server().awaitDeathAt(Place.SLOT_TAKEN, DEATH_LIMIT);
    lane.restart();

    lane.server()
        .awaitLine(
            Pattern.compile("organization=" + journey.organization() + " event=SlotReleased"),
            REPAIR_LIMIT);

    journey.settle(lane.server());
    journey.finish(lane.server());
    lane.isClean();
  }

  @Execution(ExecutionMode.CONCURRENT)
  @Test
  void readRowsThatWereLostAreThereAgainAfterAStart() throws Exception {
    var journey = journey(lane.home());
    journey.begin(lane.server());
    lane.server().kill();
    inDatabase("DELETE FROM instances");
    inDatabase("DELETE FROM organizations");
    lane.restart();

    lane.server().awaitLine(Pattern.compile("organizations=\\d+ had rows behind"), REPAIR_LIMIT);
    lane.server().awaitLine(Pattern.compile("instances=\\d+ had rows behind"), REPAIR_LIMIT);

    journey.settle(lane.server());
    journey.finish(lane.server());
    lane.isClean();
  }

  @Execution(ExecutionMode.CONCURRENT)
  @Test
  void anOrderlyEndIsQuickWithCallsOpenAndLosesNothing() throws Exception {
    var journey = journey(lane.home());
    var server = lane.server();
    journey.begin(server);
    var stub =
        InstanceServiceGrpc.newBlockingStub(server.channel())
            .withCallCredentials(journey.credentials());
    var watch =
        stub.watchInstance(WatchInstanceRequest.newBuilder().setInstanceId(journey.id()).build());
    assertThat(watch.hasNext()).isTrue();
    var logs =
        stub.tailLogs(
            TailLogsRequest.newBuilder().setInstanceId(journey.id()).setFollow(true).build());
    assertThat(logs).isNotNull();
    journey.stop(server);

    server.terminate();
    // A watch ends so that its caller begins it again at another node, or here after the next
    // start.
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
            "operators' port",
            "idempotency keys",
            "revocations",
            "deletions of organizations",
            "audit",
            "session visibility of earlier keys",
            "records of revocations",
            "responses",
            "consoles",
            "unreferenced values",
            "disk watch",
            "reconciler",
            "effects",
            "actors",
            "membership",
            "blocking work",
            "sandbox driver",
            "database",
            "metrics");
    comeBack(journey);

    server = lane.server();
    server.terminate();
    server.awaitExit(SHUTDOWN_LIMIT);
    assertThat(secretsOf(journey.id())).isZero();
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

  /** While no server runs: the database belongs to one process. */
  private void inDatabase(String change) throws SQLException {
    try (var connection = storage.connect(lane.home());
        var statement = connection.createStatement()) {
      statement.execute(change);
    }
  }
}
