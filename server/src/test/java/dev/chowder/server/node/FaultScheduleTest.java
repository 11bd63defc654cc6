package dev.chowder.server.node;

import static org.assertj.core.api.Assertions.assertThat;

import dev.chowder.server.crash.Seeds;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.DoubleAdder;
import java.util.concurrent.atomic.LongAdder;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Runs random schedules of commands, faults and kills, on hosts with pool members. No acknowledged
 * change is lost, nothing is created or claimed twice or left behind, and all components agree in
 * the end. {@code -Dchowder-tool.crash.seed=} repeats the schedule of a failure.
 */
class FaultScheduleTest {
  private static final int FIXED = 100;
  private static final int RANDOM = 520;

  /** So many schedules have creates that claim a member, and sleeps of each level. */
  private static final int MANY = 100;

  /**
   * So many schedules have sleepers that short memory moved to swap, and some that made room for a
   * create or a start. On an idle machine, 100 schedules have 3 of the first kind.
   */
  private static final int FOR_RARE = 240;

  /** Nodes in parallel: two for each of two processors, since a schedule waits half of its time. */
  private static final int LANES = 4;

  /** Limits suited to a fast simulated host. The mass-change guard never halts. */
  private static final Map<String, Object> SETTINGS =
      Map.ofEntries(
          Map.entry("chowder.reconciler.interval", "200ms"),
          Map.entry("chowder.reconciler.redispatch-interval", "500ms"),
          // A create that takes longer is rejected.
          Map.entry("chowder.reconciler.min-unused-slot-age", "4s"),
          Map.entry("chowder.reconciler.removal-delay", "300ms"),
          Map.entry("chowder.reconciler.max-mass-changes", 1000),
          // Some sleeps go to swap during a schedule, and some end.
          Map.entry("chowder.effect.sleep.check-first-age", "200ms"),
          Map.entry("chowder.effect.sleep.check-delay", "50ms"),
          Map.entry("chowder.sleep.check-interval", "20ms"),
          Map.entry("chowder.sleep.page-out-delay", "100ms"),
          Map.entry("chowder.sleep.deep-sleep-delay", "1s"),
          Map.entry("chowder.sleep.deepen-timeout", "1s"),
          // A host without memory lets a create wait, and a lost gateway until memory is free
          // again.
          Map.entry("chowder.sleep.evict-timeout", "500ms"),
          Map.entry("chowder.effect.restart.memory-retry-interval", "200ms"),
          Map.entry("chowder.files.end-sleep-timeout", "1s"),
          // Most creates find a member, and the members of earlier schedules are discarded.
          Map.entry("chowder.pool.max-size", 2),
          Map.entry("chowder.pool.max-concurrent", 2),
          Map.entry("chowder.pool.check-interval", "20ms"),
          Map.entry("chowder.pool.boot-delay", "0s"),
          Map.entry("chowder.pool.min-retry-delay", "50ms"),
          Map.entry("chowder.pool.max-retry-delay", "200ms"),
          Map.entry("chowder.pool.max-age", "2s"),
          Map.entry("chowder.pool.retention", "3s"),
          Map.entry("chowder.effect.stage-timeout.create_sandbox", "1s"),
          Map.entry("chowder.effect.stage-timeout.onboard", "1s"),
          Map.entry("chowder.effect.ready-timeout", "1s"),
          Map.entry("chowder.effect.start-overhead-timeout", "500ms"),
          // If a gateway is paused during a change of its configuration, that takes 4/3 of this
          // time.
          Map.entry("chowder.openclaw.admin-timeout", "9s"),
          // A hanging task keeps calls with overrides waiting for as long.
          Map.entry("chowder.openclaw.schema-timeout", "1s"),
          // Every schedule signs up its own organization from the same address.
          Map.entry("chowder.rate.sign-up-burst", RANDOM + 1),
          Map.entry("chowder.fleet-watch.poll-interval", "20ms"),
          // A watch misses a write that takes longer to become visible.
          Map.entry("chowder.fleet-watch.visibility-timeout", "20s"));

  /** Metrics of which each must be positive after many schedules. */
  private static final List<String> REACHED =
      List.of(
          "chowder_pool_creates_total{result=\"hit\"}",
          deepened("paged_out", "age"),
          deepened("off", "age"),
          "chowder_stage_seconds_count{kind=\"wake\",outcome=\"executed\","
              + "stage=\"start_gateway\"}");

  /** Metrics of which each must be positive after still more schedules. */
  private static final List<String> REACHED_RARELY =
      List.of(deepened("paged_out", "pressure"), deepened("off", "start"));

  @TempDir Path base;

  /** Metrics of all runs of all nodes. */
  private final Map<String, DoubleAdder> metrics = new ConcurrentHashMap<>();

  private final LongAdder kills = new LongAdder();

  /** Whether a schedule failed, which ends the others. */
  private volatile boolean failed;

  private static String deepened(String level, String cause) {
    return "chowder_sleep_deepened_total{cause=\"%s\",level=\"%s\"}".formatted(cause, level);
  }

  @Test
  void faultsAndKillsCauseNoLossDuplicateLeakOrOrphan() throws Exception {
    run(Seeds.fixed(Seeds.FAULTS, FIXED));
  }

  @Test
  @Tag("soak")
  void randomFaultsAndKillsCauseNoLossDuplicateLeakOrOrphan() throws Exception {
    run(Seeds.random(Seeds.FAULTS, RANDOM));
  }

  private void run(List<Long> seeds) throws Exception {
    int lanes = Math.min(seeds.size(), LANES);
    try (var threads = Executors.newFixedThreadPool(lanes)) {
      var all = new ArrayList<Future<?>>();
      for (int lane = 0; lane < lanes; lane++) {
        var home = base.resolve("lane-" + lane);
        var next = new ArrayList<Long>();
        for (int n = lane; n < seeds.size(); n += lanes) next.add(seeds.get(n));
        all.add(
            threads.submit(
                () -> {
                  run(home, next);
                  return null;
                }));
      }
      for (var lane : all) await(lane);
    }
    // A single schedule may find no member, or wake before a sleep goes to swap.
    if (seeds.size() < MANY) return;
    for (var name : REACHED) assertThat(sum(name)).as(name).isPositive();
    assertThat(kills.sum()).as("kills").isGreaterThan(seeds.size() / 10);
    if (seeds.size() < FOR_RARE) return;
    for (var name : REACHED_RARELY) assertThat(sum(name)).as(name).isPositive();
  }

  private double sum(String metric) {
    return metrics.getOrDefault(metric, new DoubleAdder()).sum();
  }

  private static void await(Future<?> lane) throws InterruptedException {
    try {
      lane.get();
    } catch (ExecutionException why) {
      throw new AssertionError(why.getMessage(), why.getCause());
    }
  }

  /** Runs these schedules one after another, since each starts with what the last one left. */
  private void run(Path home, List<Long> seeds) throws IOException {
    var moments = new NodeKills();
    try (var node = Node.start(home, Node.host(home.resolve("sandboxes")), SETTINGS, moments)) {
      for (var seed : seeds) {
        if (failed) return;
        try (var schedule = new FaultSchedule(node, moments, seed)) {
          schedule.run();
        } catch (AssertionError | RuntimeException | IOException why) {
          failed = true;
          throw new AssertionError("-Dchowder-tool.crash.seed=" + seed + ": " + why, why);
        }
      }
      // Sandboxes without a journal are removed, too, and members after chowder.pool.retention.
      Node.await(() -> node.host().list().isEmpty() ? "" : "left behind: " + node.host().list());
      for (var name : REACHED) add(name, node);
      for (var name : REACHED_RARELY) add(name, node);
      kills.add(node.runs().count() - 1);
    }
  }

  private void add(String metric, Node node) {
    metrics.computeIfAbsent(metric, _ -> new DoubleAdder()).add(node.runs().metric(metric));
  }
}
