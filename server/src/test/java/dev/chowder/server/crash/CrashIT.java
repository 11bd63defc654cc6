package dev.chowder.server.crash;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.chowder.api.v1.InstanceServiceGrpc;
import dev.chowder.api.v1.TailLogsRequest;
import dev.chowder.api.v1.WatchInstanceRequest;
import dev.chowder.server.crash.Journey.Ask;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Has the server die at every failpoint, right after acknowledgements and at random moments, and
 * looks whether it comes back as if it had not. Needs no Docker.
 */
class CrashIT {
  private static final Duration DEATH_LIMIT = Duration.ofSeconds(90);
  private static final Duration SHUTDOWN_LIMIT = Duration.ofSeconds(20);

  /** What the JVM learned is written after the server's own end. */
  private static final Duration REHEARSAL_LIMIT = Duration.ofSeconds(90);

  private static final int RANDOM_KILLS = 12;
  private static final String REPLAY = "chowder.crash.seed";

  @TempDir static Path base;
  private static Path home = Path.of("");
  private static int homes;
  private static boolean clean = true;
  private static ListedModels models;
  private static Optional<ServerProcess> current = Optional.empty();

  private ServerProcess server;

  @BeforeAll
  static void rehearse() throws IOException {
    models = new ListedModels();
    newHome();
    try (var first = ServerProcess.rehearse(home)) {
      var journey = journey();
      journey.live(first);
      journey.settle(first);
      first.terminate();
      first.awaitExit(REHEARSAL_LIMIT);
    }
  }

  @AfterAll
  static void end() {
    current.ifPresent(ServerProcess::close);
    models.close();
  }

  private static void newHome() throws IOException {
    current.ifPresent(ServerProcess::close);
    current = Optional.empty();
    home = Files.createDirectory(base.resolve("home-" + homes++));
    ServerProcess.disarm(home);
  }

  /** A server that a test left alive serves the next one too: starts are what takes the time. */
  @BeforeEach
  void start() throws IOException {
    // What a test that failed left behind is not the next one's fault.
    if (!clean) newHome();
    clean = false;
    if (current.isEmpty()) restart();
    server = current.orElseThrow();
  }

  @AfterEach
  void keepOnlyTheLiving() {
    ServerProcess.disarm(home);
    if (server.endsWithin(Duration.ZERO)) {
      server.close();
      current = Optional.empty();
    }
  }

  private void restart() throws IOException {
    ServerProcess.disarm(home);
    if (server != null) server.close();
    current = Optional.empty();
    server = ServerProcess.start(home);
    current = Optional.of(server);
  }

  private static Journey journey() {
    return new Journey(home, models.baseUrl(), _ -> {});
  }

  /** {@code -Dchowder.crash.places=REGEX} takes some of them, to look into a failure. */
  static List<Place> places() {
    var wanted = System.getProperty("chowder.crash.places", ".*");
    return Place.all().stream().filter(place -> place.name().matches(wanted)).toList();
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("places")
  void everythingGoesOnAfterADeathAt(Place place) throws IOException {
    var journey = journey();
    switch (place.story()) {
      case LIFE -> {
        ServerProcess.arm(home, place.name());
        dieDuringLife(journey);
      }
      case START_UP -> {
        journey.begin(server);
        server.kill();
        dieDuringStart(place);
      }
      case SHUT_DOWN -> {
        journey.begin(server);
        ServerProcess.arm(home, place.name());
        server.terminate();
      }
      case UNBORN -> {
        ServerProcess.arm(home, "persist.Created.before");
        dieDuringLife(journey);
        server.awaitDeathAt("persist.Created.before", DEATH_LIMIT);
        dieDuringStart(place);
      }
      case HOME_LOST -> {
        journey.begin(server);
        server.kill();
        journey.disk().lose(journey.sandbox());
        journey.expectError();
        dieDuringStart(place);
      }
      case LEFTOVER -> {
        journey.begin(server);
        journey.delete(server);
        journey.settle(server);
        server.kill();
        journey.disk().bringBack(journey.sandbox());
        dieDuringStart(place);
      }
      case MOVED -> {
        journey.begin(server);
        server.kill();
        journey.disk().move(journey.sandbox());
        dieDuringStart(place);
      }
    }
    server.awaitDeathAt(place.name(), DEATH_LIMIT);
    restart();
    journey.settle(server);
    journey.finish(server);
    clean = true;
  }

  /**
   * The server may also die after the last answer: what was acknowledged is not all that is done.
   */
  private void dieDuringLife(Journey journey) {
    try {
      journey.live(server);
    } catch (ServerDied expected) {
      assertThat(expected).hasCauseInstanceOf(Exception.class);
    }
  }

  private void dieDuringStart(Place place) throws IOException {
    ServerProcess.arm(home, place.name());
    server.close();
    server = ServerProcess.launch(home);
    current = Optional.of(server);
  }

  @ParameterizedTest
  @EnumSource(Ask.class)
  void whatWasAcknowledgedIsNotLostWhenTheServerIsKilledAtOnce(Ask last) throws IOException {
    var journey =
        new Journey(
            home,
            models.baseUrl(),
            ask -> {
              if (ask == last) server.kill();
            });
    assertThatThrownBy(
            () -> {
              journey.live(server);
              journey.settle(server);
            })
        .isInstanceOf(ServerDied.class);
    restart();
    journey.settle(server);
    journey.finish(server);
    clean = true;
  }

  static Stream<Long> seeds() {
    var replayed = System.getProperty(REPLAY);
    if (replayed != null) return Stream.of(Long.parseLong(replayed));
    long first = System.nanoTime();
    return IntStream.range(0, RANDOM_KILLS).mapToObj(n -> first + n);
  }

  /** The name holds the seed: {@code -Dchowder.crash.seed=N} takes the same moment again. */
  @ParameterizedTest(name = "seed {0}")
  @MethodSource("seeds")
  void aKillAtARandomMomentLosesNothing(long seed) throws IOException {
    var victim = server;
    var moment = Duration.ofMillis(new Random(seed).nextInt(1500));
    var killer =
        Thread.ofVirtual()
            .start(
                () -> {
                  if (!victim.endsWithin(moment)) victim.kill();
                });
    var journey = journey();
    try {
      journey.live(server);
    } catch (ServerDied expected) {
      assertThat(expected).hasCauseInstanceOf(Exception.class);
    }
    join(killer);
    restart();
    journey.settle(server);
    journey.finish(server);
    clean = true;
  }

  private static void join(Thread killer) {
    try {
      killer.join(DEATH_LIMIT);
    } catch (InterruptedException why) {
      throw new IllegalStateException(why);
    }
  }

  @Test
  void anOrderlyEndIsQuickWithCallsOpenAndLosesNothing() throws Exception {
    var journey = journey();
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
    int exitCode = server.awaitExit(SHUTDOWN_LIMIT);

    assertThat(exitCode).as(server.tail()).isEqualTo(128 + 15);
    restart();
    journey.settle(server);
    journey.finish(server);

    server.terminate();
    server.awaitExit(SHUTDOWN_LIMIT);
    assertThat(secretsOf(journey.id())).isZero();
    clean = true;
  }

  private static long secretsOf(String owner) throws SQLException {
    var url = "jdbc:h2:file:" + home.resolve("data").resolve("chowder");
    try (var connection = DriverManager.getConnection(url);
        var query = connection.prepareStatement("SELECT COUNT(*) FROM secrets WHERE owner = ?")) {
      query.setString(1, owner);
      try (var row = query.executeQuery()) {
        row.next();
        return row.getLong(1);
      }
    }
  }

  @Test
  void everyPlaceIsListedOnce() {
    assertThat(Place.all()).extracting(Place::name).doesNotHaveDuplicates().hasSizeGreaterThan(70);
    clean = true;
  }
}
