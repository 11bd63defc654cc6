package dev.chowder.server.node;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.chowder.api.v1.Instance;
import dev.chowder.api.v1.StartInstanceRequest;
import dev.chowder.api.v1.StopInstanceRequest;
import dev.chowder.sandbox.SandboxObservation.MainProcess;
import dev.chowder.simulator.FakeSandboxSettings;
import dev.chowder.simulator.FakeScript.Verb;
import dev.chowder.simulator.SimulatedEngine;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Sleeping gateways move to deeper levels with age, with memory pressure and for starts. */
// Each test starts its node first.
@SuppressWarnings("NullAway.Init")
class DeeperSleepTest {
  private static final long GIB = 1L << 30;
  private static final String NEVER = "1000d";

  @TempDir Path home;
  private Node node;
  private String key;

  private void start(int gibibytes, Map<String, Object> settings) throws IOException {
    var host =
        new SimulatedEngine(
            new FakeSandboxSettings(
                Optional.of(home.resolve("sandboxes")),
                Duration.ZERO,
                Duration.ZERO,
                Duration.ZERO,
                gibibytes * GIB,
                GIB));
    var all = new HashMap<String, Object>();
    all.put("chowder.host.gateway-memory", "1 GiB");
    all.put("chowder.host.reserve-memory", 0);
    all.put("chowder.host.boot-time", "0s");
    all.put("chowder.sleep.check-interval", "50ms");
    all.put("chowder.sleep.page-out-delay", NEVER);
    all.put("chowder.sleep.deep-sleep-delay", NEVER);
    all.put("chowder.sleep.low-memory", 0);
    all.put("chowder.reconciler.interval", "200ms");
    all.putAll(settings);
    node = Node.start(home, host, all);
    key = node.newcomer("whale");
  }

  @AfterEach
  void stop() {
    node.close();
  }

  @Test
  void anOldSleepGoesToSwapAndItsStartReadsItBack() throws IOException {
    start(100, Map.of("chowder.sleep.page-out-delay", "0s"));
    var id = asleep(key);
    awaitLevel(id, Instance.SleepLevel.paged_out);
    awaitCounted("paged_out", "age", 1);
    assertThat(mainProcess(id)).isInstanceOf(MainProcess.Paused.class);
    assertThat(wake(id).getServedBy()).isEqualTo(Instance.ServedBy.page_in);
  }

  @Test
  void anOlderSleepEndsAndItsStartBoots() throws IOException {
    start(100, Map.of("chowder.sleep.deep-sleep-delay", "0s"));
    var id = asleep(key);
    awaitLevel(id, Instance.SleepLevel.off);
    awaitCounted("off", "age", 1);
    assertThat(mainProcess(id)).isInstanceOf(MainProcess.Ended.class);
    assertThat(wake(id).getServedBy()).isEqualTo(Instance.ServedBy.boot);
  }

  @Test
  void anOldSleepStaysInMemoryWithoutSwap() throws IOException {
    start(100, Map.of("chowder.sleep.page-out-delay", "0s"));
    node.script().withoutSwap();
    var id = asleep(key);
    var revision = node.get(key, id).getRevision();
    awaitChecks(3);
    assertThat(node.get(key, id).getRevision()).isEqualTo(revision);
    assertThat(node.get(key, id).getSleepLevel()).isEqualTo(Instance.SleepLevel.frozen);
    Node.await(() -> node.metric("chowder_sleep_gateways{level=\"frozen\"}") == 1 ? "" : "none");
    assertThat(node.metric("chowder_sleep_gateways{level=\"paged_out\"}")).isZero();
  }

  @Test
  void shortMemoryPagesOutEarlierAndTheOldestFirst() throws IOException {
    // One page-out frees a quarter of the memory.
    start(4, Map.of("chowder.sleep.low-memory", 0.25));
    var first = running(key);
    var second = running(key);
    var third = running(key);
    stop(key, second);
    stop(key, first);
    awaitChecks(2);
    assertThat(level(second)).isEqualTo(Instance.SleepLevel.frozen);
    var _ = running(key);
    awaitLevel(second, Instance.SleepLevel.paged_out);
    awaitChecks(2);
    assertThat(level(first)).isEqualTo(Instance.SleepLevel.frozen);
    assertThat(node.get(key, third).getStatus()).isEqualTo(Instance.Status.running);
    awaitCounted("paged_out", "pressure", 1);
  }

  @Test
  void shortMemoryWithoutSwapEndsTheOldest() throws IOException {
    start(4, Map.of("chowder.sleep.low-memory", 0.25));
    node.script().withoutSwap();
    var first = asleep(key);
    var second = asleep(key);
    var _ = running(key);
    var _ = running(key);
    awaitLevel(first, Instance.SleepLevel.off);
    awaitChecks(2);
    assertThat(level(second)).isEqualTo(Instance.SleepLevel.frozen);
    awaitCounted("off", "pressure", 1);
  }

  @Test
  void tasksThatWaitForMemoryPageOutOneGatewayPerCheck() throws Exception {
    start(100, Map.of("chowder.sleep.stall-percent", 10));
    var first = asleep(key);
    var second = asleep(key);
    node.script().withMemoryStall(9.9);
    awaitChecks(2);
    assertThat(level(first)).isEqualTo(Instance.SleepLevel.frozen);
    var pageOut = node.script().holdNext(Verb.PAGE_OUT);
    node.script().withMemoryStall(10);
    assertThat(pageOut.awaitCall(Node.LIMIT)).isTrue();
    node.script().withMemoryStall(0);
    pageOut.release();
    awaitLevel(first, Instance.SleepLevel.paged_out);
    awaitChecks(2);
    assertThat(level(second)).isEqualTo(Instance.SleepLevel.frozen);
    node.script().withMemoryStall(10);
    awaitLevel(second, Instance.SleepLevel.paged_out);
    awaitCounted("paged_out", "pressure", 2);
  }

  @Test
  void createsEvictTheOldestSleepersOfEachOrganizationInTurn() throws IOException {
    start(4, Map.of());
    var other = node.newcomer("whale");
    var oldest = asleep(other);
    var second = asleep(other);
    var younger = asleep(key);
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
    var sleeper = asleep(key);
    var _ = running(key);
    var _ = running(key);
    assertThat(level(sleeper)).isEqualTo(Instance.SleepLevel.off);
    awaitCounted("off", "start", 1);
  }

  @Test
  void aPagedOutSleeperStartsOnlyIfItsMemoryFits() throws IOException {
    start(2, Map.of());
    var sleeper = pagedOutBesideTwoRunning();
    assertNoCapacity(() -> wake(sleeper));
    assertThat(level(sleeper)).isEqualTo(Instance.SleepLevel.paged_out);
  }

  @Test
  void aCreateFailsIfNoSleeperIsLeft() throws IOException {
    start(2, Map.of());
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
    var sleeper = asleep(key);
    node.script().withoutMemory();
    assertNoCapacity(() -> node.create(key));
    assertThat(level(sleeper)).isEqualTo(Instance.SleepLevel.off);
    awaitCounted("paged_out", "start", 1);
    awaitCounted("off", "start", 1);
  }

  /** The end of a gateway whose memory is on a disk frees nothing. */
  @Test
  void createsEndOnlyTwoSleepersWhoseEndFreesNothing() throws IOException {
    start(4, Map.of("chowder.sleep.page-out-delay", "0s"));
    node.script().withDiskSwap();
    var sleepers = List.of(asleep(key), asleep(key), asleep(key), asleep(key));
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
    start(2, Map.of("chowder.sleep.page-out-delay", "0s", "chowder.host.boot-time", "1h"));
    var first = asleep(key);
    awaitLevel(first, Instance.SleepLevel.paged_out);
    var second = asleep(key);
    awaitLevel(second, Instance.SleepLevel.paged_out);
    assertThat(wake(first).getServedBy()).isEqualTo(Instance.ServedBy.page_in);
    Node.await(() -> node.host().host().capacity().availableBytes() == GIB ? "" : "not counted");
    assertThat(wake(second).getServedBy()).isEqualTo(Instance.ServedBy.page_in);
  }

  /** Otherwise many starts on a full host would read back more than it has. */
  @Test
  void aFrozenSleeperWithMemoryInSwapStartsOnlyIfThatFits() throws IOException {
    start(2, Map.of("chowder.sleep.page-out-delay", "0s"));
    node.script().withPageOutOf(0.4);
    var sleeper = asleep(key);
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
    var sleeper = asleep(key);
    awaitLevel(sleeper, Instance.SleepLevel.paged_out);
    endForAFile(sleeper);
    assertThat(exitCode(sleeper)).isZero();
  }

  @Test
  void aFileCallKillsAPagedOutSleeperWhoseMemoryDoesNotFit() throws IOException {
    start(2, Map.of());
    var sleeper = pagedOutBesideTwoRunning();
    endForAFile(sleeper);
    assertThat(exitCode(sleeper)).isEqualTo(137);
  }

  @Test
  void anEndReadsBackOnlyWhatLeavesTheReservedMemory() throws IOException {
    start(3, Map.of("chowder.sleep.page-out-delay", "0s", "chowder.host.reserve-memory", "1 GiB"));
    var sleeper = asleep(key);
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
    start(3, Map.of("chowder.sleep.page-out-delay", "0s"));
    var first = asleep(key);
    var second = asleep(key);
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
    var sleeper = asleep(key);
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
    var sleeper = asleep(key);
    var _ = running(key);
    awaitLedger();
    assertThat(wake(sleeper).getServedBy()).isEqualTo(Instance.ServedBy.thaw);
  }

  @Test
  void concurrentCreatesShareEvictions() throws Exception {
    start(8, Map.of());
    var sleepers = new ArrayList<String>();
    for (int n = 0; n < 6; n++) sleepers.add(asleep(key));
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

  private String running(String owner) {
    awaitLedger();
    return node.createRunning(owner);
  }

  private String asleep(String owner) {
    var id = running(owner);
    stop(owner, id);
    return id;
  }

  private void stop(String owner, String id) {
    var _ =
        node.instances(owner)
            .stopInstance(StopInstanceRequest.newBuilder().setInstanceId(id).build());
  }

  private Instance wake(String id) {
    var _ =
        node.instances(key)
            .startInstance(StartInstanceRequest.newBuilder().setInstanceId(id).build());
    return node.awaitStatus(key, id, Instance.Status.running);
  }

  private Instance.SleepLevel level(String id) {
    return node.get(key, id).getSleepLevel();
  }

  private void awaitLevel(String id, Instance.SleepLevel level) {
    Node.await(() -> level(id) == level ? "" : "at level " + level(id));
  }

  /** Waits for further checks, each of which reads the host's memory. */
  private void awaitChecks(int checks) {
    long before = reads();
    Node.await(() -> reads() >= before + checks ? "" : "no check");
  }

  private long reads() {
    return node.script().calls().stream().filter(call -> call.verb() == Verb.CAPACITY).count();
  }

  /** Waits until no admission counts beside the memory that the gateways take. */
  private static void awaitLedger() {
    long second = Instant.now().getEpochSecond();
    Node.await(() -> Instant.now().getEpochSecond() > second + 1 ? "" : "counts");
  }

  private MainProcess mainProcess(String id) {
    return node.host().observe(Node.sandbox(id)).mainProcess();
  }

  private void awaitCounted(String level, String cause, int count) {
    Node.await(() -> counted(level, cause) == count ? "" : "visible, but not counted");
  }

  private double counted(String level, String cause) {
    return node.metric(
        "chowder_sleep_deepened_total{cause=\"%s\",level=\"%s\"}".formatted(cause, level));
  }

  private static void assertNoCapacity(Runnable call) {
    assertThatThrownBy(call::run)
        .isInstanceOfSatisfying(
            StatusRuntimeException.class,
            why -> assertThat(why.getStatus().getCode()).isEqualTo(Status.Code.UNAVAILABLE));
  }
}
