package dev.chowder.server.node;

import static org.assertj.core.api.Assertions.assertThat;

import dev.chowder.api.v1.Instance;
import dev.chowder.sandbox.SandboxObservation.MainProcess;
import dev.chowder.simulator.FakeScript.Verb;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.Test;

/** Sleeping gateways move to deeper levels with age and for starts. */
class DeeperSleepTest extends SleepingNode {
  @Test
  void anOldSleepGoesToSwapAndItsStartReadsItBack() throws IOException {
    start(100, Map.of("chowder.sleep.page-out-delay", "0s"));
    var id = asleep();
    awaitLevel(id, Instance.SleepLevel.paged_out);
    awaitCounted("paged_out", "age", 1);
    assertThat(mainProcess(id)).isInstanceOf(MainProcess.Paused.class);
    assertThat(wake(id).getServedBy()).isEqualTo(Instance.ServedBy.page_in);
  }

  @Test
  void anOlderSleepEndsAndItsStartBoots() throws IOException {
    start(100, Map.of("chowder.sleep.deep-sleep-delay", "0s"));
    var id = asleep();
    awaitLevel(id, Instance.SleepLevel.off);
    awaitCounted("off", "age", 1);
    assertThat(mainProcess(id)).isInstanceOf(MainProcess.Ended.class);
    assertThat(wake(id).getServedBy()).isEqualTo(Instance.ServedBy.boot);
  }

  @Test
  void anOldSleepStaysInMemoryWithoutSwap() throws IOException {
    start(100, Map.of("chowder.sleep.page-out-delay", "0s"));
    node.script().withoutSwap();
    var id = asleep();
    var revision = node.get(key, id).getRevision();
    awaitChecks(3);
    assertThat(node.get(key, id).getRevision()).isEqualTo(revision);
    assertThat(node.get(key, id).getSleepLevel()).isEqualTo(Instance.SleepLevel.frozen);
    Node.await(() -> node.metric("chowder_sleep_gateways{level=\"frozen\"}") == 1 ? "" : "none");
    assertThat(node.metric("chowder_sleep_gateways{level=\"paged_out\"}")).isZero();
  }

  @Test
  void createsEvictTheOldestSleepersOfEachOrganizationInTurn() throws IOException {
    // The third create needs two page-outs, since each frees half of an agent's memory.
    start(5, Map.of());
    var other = node.newcomer("whale");
    var oldest = asleep(other);
    var second = asleep(other);
    var younger = asleep();
    for (int n = 0; n < 3; n++) {
      assertThat(node.get(key, running(key)).getStatus()).isEqualTo(Instance.Status.running);
    }
    assertThat(node.get(other, oldest).getSleepLevel()).isEqualTo(Instance.SleepLevel.paged_out);
    assertThat(node.get(other, second).getSleepLevel()).isEqualTo(Instance.SleepLevel.frozen);
    assertThat(level(younger)).isEqualTo(Instance.SleepLevel.paged_out);
    awaitCounted("paged_out", "start", 2);
  }

  @Test
  void withoutSwapACreateEndsASleeper() throws IOException {
    start(2, Map.of());
    node.script().withoutSwap();
    var sleeper = asleep();
    var _ = running(key);
    var _ = running(key);
    assertThat(level(sleeper)).isEqualTo(Instance.SleepLevel.off);
    awaitCounted("off", "start", 1);
  }

  @Test
  void aPagedOutSleeperStartsOnlyIfItsMemoryFits() throws IOException {
    start(2.5, Map.of());
    var sleeper = pagedOutBesideTwoRunning();
    assertNoCapacity(() -> wake(sleeper));
    assertThat(level(sleeper)).isEqualTo(Instance.SleepLevel.paged_out);
  }

  @Test
  void aCreateFailsIfNoSleeperIsLeft() throws IOException {
    start(2.5, Map.of());
    var sleeper = pagedOutBesideTwoRunning();
    assertNoCapacity(() -> node.create(key));
    assertThat(level(sleeper)).isEqualTo(Instance.SleepLevel.off);
    // The host has no memory to read its memory back for a clean end.
    assertThat(exitCode(sleeper)).isEqualTo(137);
  }

  /** Its page-out may free less than the create needs. */
  @Test
  void aCreateAlsoEndsTheSleeperThatItPagedOut() throws IOException {
    start(100, Map.of());
    var sleeper = asleep();
    node.script().withoutMemory();
    assertNoCapacity(() -> node.create(key));
    assertThat(level(sleeper)).isEqualTo(Instance.SleepLevel.off);
    awaitCounted("paged_out", "start", 1);
    awaitCounted("off", "start", 1);
  }

  /** The end of a gateway whose memory is on a disk frees nothing. */
  @Test
  void createsEndOnlyTwoSleepersWhoseEndFreesNothing() throws IOException {
    start(5, Map.of("chowder.sleep.page-out-delay", "0s"));
    node.script().withDiskSwap();
    var sleepers = List.of(asleep(), asleep(), asleep(), asleep());
    for (var sleeper : sleepers) awaitLevel(sleeper, Instance.SleepLevel.paged_out);
    for (int n = 0; n < 4; n++) {
      var _ = running(key);
    }
    for (int n = 0; n < 2; n++) {
      awaitLedger();
      assertNoCapacity(() -> node.create(key));
    }
    assertThat(sleepers.stream().map(this::level))
        .containsExactly(
            Instance.SleepLevel.off,
            Instance.SleepLevel.off,
            Instance.SleepLevel.paged_out,
            Instance.SleepLevel.paged_out);
  }

  /** The host has memory for both and no more. */
  @Test
  void aSleeperWhoseMemoryWasReadBackCountsOnlyOnce() throws IOException {
    start(2.5, Map.of("chowder.sleep.page-out-delay", "0s", "chowder.host.boot-time", "1h"));
    var first = asleep();
    awaitLevel(first, Instance.SleepLevel.paged_out);
    var second = asleep();
    awaitLevel(second, Instance.SleepLevel.paged_out);
    assertThat(wake(first).getServedBy()).isEqualTo(Instance.ServedBy.page_in);
    Node.await(() -> node.host().host().capacity().availableBytes() == GIB ? "" : "not counted");
    assertThat(wake(second).getServedBy()).isEqualTo(Instance.ServedBy.page_in);
  }

  /** Otherwise many starts on a full host would read back more than it has. */
  @Test
  void aFrozenSleeperWithMemoryInSwapStartsOnlyIfThatFits() throws IOException {
    start(2.5, Map.of("chowder.sleep.page-out-delay", "0s"));
    node.script().withPageOutOf(0.4);
    var sleeper = asleep();
    Node.await(() -> node.get(key, sleeper).getSwapBytes() > 0 ? "" : "all in memory");
    assertThat(level(sleeper)).isEqualTo(Instance.SleepLevel.frozen);
    var _ = running(key);
    var _ = running(key);
    awaitLedger();
    assertNoCapacity(() -> wake(sleeper));
  }

  @Test
  void aPagedOutSleeperEndsCleanlyIfItsMemoryFits() throws IOException {
    start(100, Map.of("chowder.sleep.page-out-delay", "0s"));
    var sleeper = asleep();
    awaitLevel(sleeper, Instance.SleepLevel.paged_out);
    endForAFile(sleeper);
    assertThat(exitCode(sleeper)).isZero();
  }

  @Test
  void aFileCallKillsAPagedOutSleeperWhoseMemoryDoesNotFit() throws IOException {
    start(2.5, Map.of());
    var sleeper = pagedOutBesideTwoRunning();
    endForAFile(sleeper);
    assertThat(exitCode(sleeper)).isEqualTo(137);
  }

  @Test
  void anEndReadsBackOnlyWhatLeavesTheReservedMemory() throws IOException {
    start(
        3.5, Map.of("chowder.sleep.page-out-delay", "0s", "chowder.host.reserve-memory", "1 GiB"));
    var sleeper = asleep();
    awaitLevel(sleeper, Instance.SleepLevel.paged_out);
    var _ = running(key);
    var _ = running(key);
    awaitLedger();
    endForAFile(sleeper);
    assertThat(exitCode(sleeper)).isEqualTo(137);
  }

  /** The host can read back one of them, but not both. */
  @Test
  void simultaneousEndsReadBackOnlyWhatFits() throws Exception {
    start(4, Map.of("chowder.sleep.page-out-delay", "0s"));
    var first = asleep();
    var second = asleep();
    awaitLevel(first, Instance.SleepLevel.paged_out);
    awaitLevel(second, Instance.SleepLevel.paged_out);
    var _ = running(key);
    var _ = running(key);
    awaitLedger();
    var end = node.script().holdNext(Verb.STOP);
    try (var callers = Executors.newVirtualThreadPerTaskExecutor()) {
      var slow = callers.submit(() -> endForAFile(first));
      assertThat(end.awaitCall(Duration.ofSeconds(30))).isTrue();
      endForAFile(second);
      end.release();
      slow.get();
    }
    assertThat(exitCode(first)).isZero();
    assertThat(exitCode(second)).isEqualTo(137);
  }

  /** Returns a sleeper on a host whose memory two running agents use. */
  private String pagedOutBesideTwoRunning() {
    var sleeper = asleep();
    var _ = running(key);
    var _ = running(key);
    assertThat(level(sleeper)).isEqualTo(Instance.SleepLevel.paged_out);
    awaitLedger();
    return sleeper;
  }

  private void endForAFile(String id) {
    node.putFile(key, id, "note.txt", "written while asleep");
    assertThat(level(id)).isEqualTo(Instance.SleepLevel.off);
  }

  private int exitCode(String id) {
    assertThat(mainProcess(id)).isInstanceOf(MainProcess.Ended.class);
    return ((MainProcess.Ended) mainProcess(id)).exitCode();
  }

  @Test
  void aFrozenGatewayStartsOnAFullHost() throws IOException {
    start(2, Map.of());
    var sleeper = asleep();
    var _ = running(key);
    awaitLedger();
    assertThat(wake(sleeper).getServedBy()).isEqualTo(Instance.ServedBy.thaw);
  }

  @Test
  void concurrentCreatesShareEvictions() throws Exception {
    // The compressed memory of the simulated disk takes 1 GiB.
    start(9, Map.of());
    node.script().withDiskSwap();
    var sleepers = new ArrayList<String>();
    for (int n = 0; n < 6; n++) sleepers.add(asleep());
    awaitLedger();
    // Two fit beside six sleepers, and two more need an eviction each.
    try (var callers = Executors.newVirtualThreadPerTaskExecutor()) {
      List<Future<String>> creates = new ArrayList<>();
      for (int n = 0; n < 4; n++) creates.add(callers.submit(() -> node.createRunning(key)));
      for (var create : creates) assertThat(create.get()).isNotEmpty();
    }
    // An admission counts for a second beside the memory of its gateway, so a few more may go.
    assertThat(counted("paged_out", "start")).isBetween(2.0, 5.0);
    assertThat(level(sleepers.getLast())).isEqualTo(Instance.SleepLevel.frozen);
    assertThat(level(sleepers.getFirst())).isEqualTo(Instance.SleepLevel.paged_out);
  }
}
