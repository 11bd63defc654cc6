package dev.chowder.server.node;

import static org.assertj.core.api.Assertions.assertThat;

import dev.chowder.api.v1.Instance;
import dev.chowder.simulator.FakeScript.Verb;
import java.io.IOException;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** Sleeping gateways move to deeper levels while the memory of the host is short. */
class SleepUnderPressureTest extends SleepingNode {
  @Test
  void shortMemoryPagesOutEarlierAndTheOldestFirst() throws IOException {
    // One page-out frees an eighth of the memory.
    start(4, Map.of("chowder.sleep.low-memory", 0.125));
    var first = running(key);
    var second = running(key);
    var third = running(key);
    stop(second);
    stop(first);
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
    var first = asleep();
    var second = asleep();
    var _ = running(key);
    var _ = running(key);
    awaitLevel(first, Instance.SleepLevel.off);
    awaitChecks(2);
    assertThat(level(second)).isEqualTo(Instance.SleepLevel.frozen);
    awaitCounted("off", "pressure", 1);
  }

  @Test
  void shortMemoryEndsTheOldestInCompressedMemory() throws IOException {
    start(3, Map.of("chowder.sleep.page-out-delay", "0s", "chowder.sleep.low-memory", 0.15));
    var first = asleep();
    awaitLevel(first, Instance.SleepLevel.paged_out);
    var second = asleep();
    awaitLevel(second, Instance.SleepLevel.paged_out);
    var _ = running(key);
    awaitChecks(2);
    assertThat(level(first)).isEqualTo(Instance.SleepLevel.paged_out);
    var _ = running(key);
    awaitLevel(first, Instance.SleepLevel.off);
    awaitCounted("off", "pressure", 1);
    awaitChecks(2);
    assertThat(level(second)).isEqualTo(Instance.SleepLevel.paged_out);
  }

  /** Their end frees nothing. */
  @Test
  void shortMemoryEndsOnlyTwoSleepersOnADisk() throws IOException {
    start(4, Map.of("chowder.sleep.page-out-delay", "0s", "chowder.sleep.low-memory", 0.15));
    node.script().withDiskSwap();
    var sleepers = List.of(asleep(), asleep(), asleep());
    for (var sleeper : sleepers) awaitLevel(sleeper, Instance.SleepLevel.paged_out);
    var _ = running(key);
    var _ = running(key);
    var _ = running(key);
    awaitLevel(sleepers.get(1), Instance.SleepLevel.off);
    awaitChecks(2);
    assertThat(sleepers.stream().map(this::level))
        .containsExactly(
            Instance.SleepLevel.off, Instance.SleepLevel.off, Instance.SleepLevel.paged_out);
  }

  @Test
  void tasksThatWaitForMemoryPageOutOneGatewayPerCheck() throws Exception {
    start(100, Map.of("chowder.sleep.stall-percent", 10));
    var first = asleep();
    var second = asleep();
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
}
