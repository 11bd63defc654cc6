package dev.chowder.server.node;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.DoubleAdder;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Runs hundreds of random schedules of commands and faults, on hosts with pool members. No
 * acknowledged change is lost, nothing is created or claimed twice or left behind, and all
 * components agree in the end.
 *
 * <p>{@code -Dchowder-tool.faults.seed=} repeats the schedules of a failure; with {@code
 * -Dchowder-tool.faults.rounds=1} only the first one.
 */
class FaultScheduleTest {
  private static final int ROUNDS = Integer.getInteger("chowder-tool.faults.rounds", 520);
  private static final long SEED =
      Long.getLong("chowder-tool.faults.seed", new Random().nextInt(1, Integer.MAX_VALUE));

  /** A node with so many rounds has creates that claim a member, and sleeps of each level. */
  private static final int MANY = 60;

  /** Nodes in parallel: two for each of two processors, since a schedule waits half of its time. */
  private static final int LANES = Math.min(ROUNDS, 4);

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
          // Every schedule signs up its own organization from the same address.
          Map.entry("chowder.rate.sign-up-burst", ROUNDS + 1),
          Map.entry("chowder.fleet-watch.poll-interval", "20ms"),
          // A watch misses a write that takes longer to become visible.
          Map.entry("chowder.fleet-watch.visibility-timeout", "20s"));

  @TempDir Path base;

  /** Sleepers of all nodes that made room for a create or a start. */
  private final DoubleAdder endedByStarts = new DoubleAdder();

  @Test
  void faultsCauseNoLossDuplicateLeakOrOrphan() throws Exception {
    // The seed, to repeat the run.
    System.out.println("fault schedules: seed " + SEED + ", " + ROUNDS + " rounds");
    var next = new AtomicInteger();
    try (var lanes = Executors.newFixedThreadPool(LANES)) {
      var all = new ArrayList<Future<?>>();
      for (int lane = 0; lane < LANES; lane++) {
        var home = base.resolve("lane-" + lane);
        all.add(
            lanes.submit(
                () -> {
                  run(home, next);
                  return null;
                }));
      }
      for (var lane : all) await(lane);
    }
    assertThat(next.get()).isGreaterThanOrEqualTo(ROUNDS);
    // Rare, because short memory has usually moved sleepers to swap before a create needs theirs.
    if (ROUNDS >= LANES * MANY) assertThat(endedByStarts.sum()).isPositive();
  }

  private static void await(Future<?> lane) throws InterruptedException {
    try {
      lane.get();
    } catch (ExecutionException why) {
      throw new AssertionError(why.getCause());
    }
  }

  private void run(Path home, AtomicInteger next) throws IOException {
    try (var node = Node.start(home, SETTINGS);
        var database = node.openDatabase()) {
      int finished = 0;
      for (int round = next.getAndIncrement(); round < ROUNDS; round = next.getAndIncrement()) {
        long seed = SEED + round;
        try (var schedule = new FaultSchedule(node, database, seed)) {
          schedule.run();
          finished++;
        } catch (AssertionError | RuntimeException why) {
          next.set(ROUNDS);
          throw new AssertionError("seed " + seed, why);
        }
      }
      // Sandboxes without a journal are removed, too, and members after chowder.pool.retention.
      Node.await(() -> node.host().list().isEmpty() ? "" : "left behind: " + node.host().list());
      endedByStarts.add(deepened(node, "off", "start"));
      // A few schedules may find no member, or wake before a sleep goes to swap.
      if (finished >= MANY) {
        assertThat(node.metric("chowder_pool_creates_total{result=\"hit\"}")).isPositive();
        assertThat(deepened(node, "paged_out", "age")).isPositive();
        assertThat(deepened(node, "off", "age")).isPositive();
        assertThat(deepened(node, "paged_out", "pressure")).isPositive();
        assertThat(
                node.metric(
                    "chowder_stage_seconds_count{kind=\"wake\",outcome=\"executed\","
                        + "stage=\"start_gateway\"}"))
            .isPositive();
      }
    }
  }

  private static double deepened(Node node, String level, String cause) {
    return node.metric(
        "chowder_sleep_deepened_total{cause=\"%s\",level=\"%s\"}".formatted(cause, level));
  }
}
