package dev.chowder.server.cluster;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.chowder.base.Await;
import dev.chowder.server.cluster.FaultChecker.Listed;
import dev.chowder.server.cluster.FaultChecker.Seen;
import io.grpc.StatusRuntimeException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.BooleanSupplier;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/**
 * Three nodes under load survive faults: a database that dies, is unreachable, slow or out of
 * space, clocks that jump, and the death of all nodes. No acknowledged change is lost, nothing
 * exists twice, and calls fail only with documented errors.
 *
 * <p>{@code scripts/test-faults} runs this class alone, on demand with more load.
 */
@ExtendWith(SharedNodes.class)
class DatabaseFaultsIT {
  private static final int INSTANCES = Integer.getInteger("chowder-tool.faults.instances", 60);
  private static final Duration DOWN =
      Duration.ofSeconds(Integer.getInteger("chowder-tool.faults.down-seconds", 10));
  private static final long SEED = Long.getLong("chowder-tool.faults.seed", 1);

  private static final Duration LATENCY = Duration.ofMillis(500);
  private static final Duration FILL_AGAIN = Duration.ofMillis(10);
  private static final int CALLERS = 6;
  private static final int WATCHED = 6;
  private static final int CUTS = 3;

  /** Connections that must be reset before the fault ends. */
  private static final int RESET = 6;

  /**
   * Responses that each caller must get before and after a fault, so that the fault hits work in
   * progress.
   */
  private static final int ANSWERS = 6;

  /** The step of a clock, ahead or back. */
  private static final Duration JUMP = Duration.ofHours(1);

  /** The time for which a clock stays wrong, enough for one reconciliation pass. */
  private static final Duration WRONG = BreakableCluster.SWEEP.plusSeconds(1);

  /** Tolerance for reading a clock and for the delay until the process uses a new setting. */
  private static final Duration CLOCK_ERROR = Duration.ofMinutes(1);

  private static final Duration ANSWER_LIMIT = Duration.ofMinutes(2);
  private static final Duration WELL_LIMIT = Duration.ofMinutes(2);
  private static final Duration END_LIMIT = Duration.ofSeconds(20);

  /** The table that {@code scripts/test-faults} prints. */
  private static final Path TABLE = Path.of("target", "faults.md");

  private static final List<String> LINES = new ArrayList<>();

  private static final OwnPostgres POSTGRES = SharedNodes.get().postgres();
  private static final Toxiproxy WAY = SharedNodes.get().way();
  private static final List<WallClock> CLOCKS = SharedNodes.get().clocks();
  private static final ThreeNodes NODES = SharedNodes.get().nodes();
  private static Owner owner;
  private static FinalStateCollector collector;
  private static final FaultLedger LEDGER = new FaultLedger();
  private static final List<String> POPULATION = new ArrayList<>();
  private static final List<FleetWatcher> FLEETS = new ArrayList<>();
  private static final Map<String, Watcher> WATCHERS = new HashMap<>();

  @BeforeAll
  static void start() throws Exception {
    owner = new Owner(NODES, "whale");
    collector = new FinalStateCollector(NODES, owner);
    POPULATION.addAll(new FaultLoad(NODES, owner, LEDGER, "before", 16).populate(INSTANCES));
    assertThat(POPULATION).hasSize(INSTANCES);
    for (var node : NODES.all()) {
      FLEETS.add(FleetWatcher.of(owner, node.channel(), "fleet at " + node));
    }
    for (int n = 0; n < WATCHED; n++) {
      var id = POPULATION.get(n);
      var channel = NODES.all().get(n % NODES.all().size()).channel();
      WATCHERS.put(id, Watcher.of(owner, channel, id, FaultLoad.PASSING));
    }
  }

  @AfterAll
  static void end() throws Exception {
    FLEETS.forEach(FleetWatcher::close);
    WATCHERS.values().forEach(Watcher::close);
    SharedNodes.get().repair();
    if (owner != null) owner.leave(NODES);
    Files.write(TABLE, FaultTable.of(SEED, LINES));
  }

  @Tag("soak")
  @Test
  void nothingIsLostWhenPostgresIsKilledAndRestartsAtOnce() throws Exception {
    survives(
        "PostgreSQL killed, up at once",
        _ -> {
          POSTGRES.kill();
          POSTGRES.start();
        });
  }

  @Test
  void nothingIsLostWhenPostgresIsKilledAndStaysDownForAWhile() throws Exception {
    survives(
        "PostgreSQL killed, down for " + DOWN.toSeconds() + " s",
        _ -> {
          POSTGRES.kill();
          Thread.sleep(DOWN);
          POSTGRES.start();
        });
  }

  @Tag("soak")
  @Test
  void nothingIsLostWhenAllConnectionsAreCutRepeatedly() throws Exception {
    survives(
        "all connections cut, " + CUTS + " times closed and reset",
        load -> {
          for (int cut = 0; cut < CUTS; cut++) {
            WAY.cut();
            WAY.heal();
            awaitAnswers(load);
            var before = connections();
            WAY.resetPeers();
            Await.until(
                ANSWER_LIMIT,
                () -> before.stream().filter(one -> !connections().contains(one)).count() >= RESET,
                () -> "connections: " + connections());
            WAY.heal();
            awaitAnswers(load);
          }
        });
  }

  @Tag("soak")
  @Test
  void nothingIsLostWhenTheConnectionToPostgresIsSlow() throws Exception {
    survives(
        "%d ms each way for %d s".formatted(LATENCY.toMillis(), DOWN.toSeconds()),
        _ -> {
          WAY.delay(LATENCY);
          Thread.sleep(DOWN);
          WAY.heal();
        });
  }

  @Test
  void nothingIsLostWhenAllNodesAreKilledAtOnce() throws Exception {
    survives(
        "all nodes killed at once",
        _ -> {
          NODES.all().forEach(node -> node.signal("KILL"));
          NODES.all().forEach(node -> node.awaitExit(END_LIMIT));
          NODES.heal();
          NODES.all().forEach(node -> node.channel().resetConnectBackoff());
          // They replace their own dead processes, so none of these can still use the database.
          assertThat(NODES.all()).noneMatch(node -> node.log().contains("forms a cluster in"));
        });
  }

  @Test
  void nothingIsLostWhenTheDiskOfPostgresIsFull() throws Exception {
    var disk = disk();
    survives(
        "PostgreSQL's disk full for " + DOWN.toSeconds() + " s",
        _ -> {
          int before = rejectionsForLackOfSpace();
          keepFull(disk, () -> rejectionsForLackOfSpace() > before);
        });
  }

  @Tag("soak")
  @Test
  void nothingIsLostWhenAFullDiskStopsPostgres() throws Exception {
    var disk = disk();
    survives(
        "PostgreSQL down for its full disk, for " + DOWN.toSeconds() + " s",
        _ -> {
          try (var connection = POSTGRES.connect()) {
            keepFull(disk, () -> !OwnPostgres.turnsLogPage(connection));
          }
        });
  }

  private static SmallDisk disk() {
    var disk = POSTGRES.disk();
    assumeTrue(
        disk.isPresent(),
        "cannot fill a disk: this user cannot mount a small one; run as root, or allow sudo"
            + " without a password");
    return disk.orElseThrow();
  }

  /**
   * Keeps the disk full until {@code struck} holds, and a while longer. It also fills space that
   * PostgreSQL frees meanwhile. Afterwards it empties the disk and restarts PostgreSQL if
   * necessary.
   */
  private static void keepFull(SmallDisk disk, BooleanSupplier struck) throws Exception {
    var full = new AtomicBoolean(true);
    try (var filler = Executors.newSingleThreadExecutor(Thread.ofVirtual().factory())) {
      var filled =
          filler.submit(
              () -> {
                while (full.get()) {
                  disk.fill();
                  Thread.sleep(FILL_AGAIN);
                }
                return true;
              });
      try {
        Await.until(ANSWER_LIMIT, struck::getAsBoolean, () -> "no call failed on the full disk");
        Thread.sleep(DOWN);
      } finally {
        full.set(false);
      }
      assertThat(filled.get()).isTrue();
    } finally {
      // The next tests need the space even if this one failed.
      disk.empty();
      POSTGRES.keepUp();
    }
  }

  /**
   * Returns how often PostgreSQL rejected the nodes for lack of space. It may reject a call's row
   * or an actor's event first, depending on which table has no free page left.
   */
  private static int rejectionsForLackOfSpace() {
    return (int)
        NODES.all().stream()
            .flatMap(node -> node.log().lines())
            .filter(line -> line.contains("No space left on device"))
            .count();
  }

  @Tag("soak")
  @Test
  void nothingIsLostWhenTheClockOfOneNodeJumps() throws Exception {
    survives(
        "the clock of one node after another 1 h ahead, then 1 h behind",
        load -> {
          for (int n = 0; n < CLOCKS.size(); n++) {
            jump(load, Set.of(n), JUMP, WRONG);
            jump(load, Set.of(n), JUMP.negated(), Duration.ZERO);
            set(Set.of(n), Duration.ZERO);
          }
        });
  }

  @Tag("soak")
  @Test
  void nothingIsLostWhenTheClocksOfAllNodesJump() throws Exception {
    survives(
        "the clocks of all nodes 1 h ahead, then 1 h behind",
        load -> {
          jump(load, Set.of(0, 1, 2), JUMP, WRONG);
          jump(load, Set.of(0, 1, 2), JUMP.negated(), WRONG);
          set(Set.of(0, 1, 2), Duration.ZERO);
        });
  }

  /**
   * Keeps the clocks wrong for at least {@code lasts}, and until each caller got responses again.
   */
  private static void jump(FaultLoad load, Set<Integer> numbers, Duration ahead, Duration lasts)
      throws InterruptedException {
    set(numbers, ahead);
    load.resetCounts();
    Thread.sleep(lasts);
    awaitEnoughAnswers(load);
  }

  /** Returns when the nodes use the new time. */
  private static void set(Set<Integer> numbers, Duration ahead) {
    numbers.forEach(n -> CLOCKS.get(n).set(ahead));
    for (int n : numbers) {
      var node = NODES.all().get(n);
      Await.until(
          END_LIMIT,
          () -> isClose(node.clock(), Instant.now().plus(ahead)),
          () -> node + " has " + node.clock());
    }
  }

  private static boolean isClose(Instant shown, Instant wanted) {
    return Duration.between(shown, wanted).abs().compareTo(CLOCK_ERROR) < 0;
  }

  /** Causes a fault and ends it. */
  private interface Fault {
    void inject(FaultLoad load) throws Exception;
  }

  private static void survives(String name, Fault fault) throws Exception {
    System.out.println("seed " + SEED + ": " + name);
    int before = LEDGER.acknowledged();
    var load =
        new FaultLoad(NODES, owner, LEDGER, name.replace(' ', '-').replace(",", ""), CALLERS);
    load.begin(POPULATION, SEED);
    awaitAnswers(load);
    fault.inject(load);
    long whole = System.nanoTime();
    awaitAnswers(load);
    double answered = secondsSince(whole);
    load.end();
    long quiet = System.nanoTime();
    assertThat(load.failures().keySet()).as("failures").allMatch(DatabaseFaultsIT::isDocumented);
    assertThat(FLEETS).allSatisfy(fleet -> assertThat(fleet.failures()).isEmpty());
    assertThat(WATCHERS.values()).allSatisfy(one -> assertThat(one.failures()).isEmpty());
    awaitConsistency();
    double well = secondsSince(quiet);
    report(name, LEDGER.acknowledged() - before, load.failures(), answered, well);
  }

  /** Waits until each caller got enough responses from now on. */
  private static void awaitAnswers(FaultLoad load) {
    load.resetCounts();
    awaitEnoughAnswers(load);
  }

  private static void awaitEnoughAnswers(FaultLoad load) {
    Await.until(
        ANSWER_LIMIT,
        () -> load.fewestAnswers() >= ANSWERS,
        () -> "answers: " + load.fewestAnswers() + ", failures: " + load.failures());
  }

  private static boolean isDocumented(String failure) {
    return !failure.endsWith(FaultLoad.WITHOUT_RETRY_AFTER)
        && FaultLoad.PASSING.stream().anyMatch(code -> failure.matches("\\w+ " + code + "\\b.*"));
  }

  private static void awaitConsistency() throws Exception {
    var findings = new ArrayList<String>();
    Await.until(
        WELL_LIMIT,
        () -> {
          findings.clear();
          findings.addAll(look());
          return findings.isEmpty();
        },
        () -> FaultChecker.brief(findings) + "\n" + logsOf(findings));
    getEach();
  }

  private static List<String> look() {
    try {
      return FaultChecker.check(collector.collect(LEDGER.facts(), seen()));
    } catch (StatusRuntimeException notYet) {
      return List.of("list: " + notYet.getMessage());
    } catch (SQLException | IOException why) {
      throw new IllegalStateException(why);
    }
  }

  private static List<Seen> seen() {
    var all = new ArrayList<Seen>();
    var alive = LEDGER.facts().alive();
    FLEETS.forEach(fleet -> all.addAll(fleet.seen(alive)));
    WATCHERS.forEach(
        (id, watcher) ->
            all.add(
                watcher
                    .newest()
                    .map(last -> FleetWatcher.seen("watcher", last))
                    .orElse(new Seen("watcher", id, 0, false))));
    return all;
  }

  /** Returns the nodes' connections by their PostgreSQL process ids. */
  private static Set<Integer> connections() {
    var all = new HashSet<Integer>();
    try (var connection = NODES.openDatabase();
        var query =
            connection.prepareStatement(
                "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND pid <>"
                    + " pg_backend_pid()");
        var row = query.executeQuery()) {
      while (row.next()) all.add(row.getInt(1));
    } catch (SQLException why) {
      throw new IllegalStateException(why);
    }
    return all;
  }

  /** Reads every listed instance at every node. */
  private static void getEach() throws Exception {
    var ids = collector.listed().stream().map(Listed::id).toList();
    try (var callers = Executors.newFixedThreadPool(16, Thread.ofVirtual().factory())) {
      var answers =
          IntStream.range(0, ids.size())
              .mapToObj(
                  n ->
                      callers.submit(
                          () -> owner.get(NODES.all().get(n % 3).channel(), ids.get(n)).getId()))
              .toList();
      for (int n = 0; n < ids.size(); n++) assertThat(answers.get(n).get()).isEqualTo(ids.get(n));
    }
  }

  /** Returns the nodes' log lines about the first finding, and their errors. */
  private static String logsOf(List<String> findings) {
    var ids = FaultChecker.ids(findings.stream().limit(1).toList());
    return NODES.all().stream()
        .flatMap(node -> node.log().lines().map(line -> node + ": " + line))
        .filter(line -> line.contains(" ERROR ") || ids.stream().anyMatch(line::contains))
        .limit(200)
        .collect(Collectors.joining("\n"));
  }

  private static void report(
      String name, int acknowledged, Map<String, Integer> failures, double answered, double well) {
    if (LINES.isEmpty()) {
      LINES.add(
          "| fault | instances | changes acknowledged meanwhile | calls that failed | until each"
              + " caller was answered | until all was well |");
      LINES.add("|---|---|---|---|---|---|");
    }
    int failed = failures.values().stream().mapToInt(Integer::intValue).sum();
    LINES.add(
        String.format(
            Locale.ROOT,
            "| %s | %d | %d | %d | %.1f s | %.1f s |",
            name,
            LEDGER.facts().endStates().size(),
            acknowledged,
            failed,
            answered,
            well));
    System.out.println(LINES.getLast() + " " + new TreeMap<>(failures));
  }

  private static double secondsSince(long nanos) {
    return (System.nanoTime() - nanos) / 1e9;
  }
}
