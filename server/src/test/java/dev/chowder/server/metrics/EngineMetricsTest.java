package dev.chowder.server.metrics;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.chowder.sandbox.Fence;
import dev.chowder.sandbox.SandboxException;
import dev.chowder.sandbox.SandboxException.Reason;
import dev.chowder.sandbox.SandboxId;
import dev.chowder.simulator.FakeSandboxSettings;
import dev.chowder.simulator.FakeScript.Verb;
import dev.chowder.simulator.SimulatedEngine;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class EngineMetricsTest {
  private static final SandboxId ID = SandboxId.ofInstance("0190a000-0000-7000-8000-00000000000a");

  private final SimulatedEngine simulated = new SimulatedEngine(FakeSandboxSettings.instant());
  private final SimpleMeterRegistry metrics = new SimpleMeterRegistry();

  @AfterEach
  void close() {
    simulated.close();
  }

  @Test
  void callsAreMeasuredByVerbAndResult() {
    var engine = EngineMetrics.around(simulated, metrics);
    assertThat(engine.list()).isEmpty();
    assertThat(calls("list", "ok")).isOne();
    assertThat(up()).isOne();

    simulated.script().failNext(Verb.OBSERVE, 1, Reason.ENGINE_UNREACHABLE, "no answer");
    assertThatThrownBy(() -> engine.observe(ID)).isInstanceOf(SandboxException.class);
    assertThat(calls("observe", "ENGINE_UNREACHABLE")).isOne();
    assertThat(up()).isZero();

    var _ = engine.observe(ID);
    assertThat(up()).isOne();
  }

  @Test
  void theFilesOfHomesAreMeasuredToo() {
    var engine = EngineMetrics.around(simulated, metrics);
    assertThatThrownBy(() -> engine.homes().writeFiles(ID, Fence.NONE, List.of()))
        .isInstanceOf(SandboxException.class);
    assertThat(calls("writeFiles", "NOT_FOUND")).isOne();
    assertThat(up()).as("it responded").isOne();
  }

  @Test
  void theMemoryAndTheDiskOfTheHostAreShown(@TempDir Path home) {
    HostMetrics.register(metrics, simulated.host(), home);
    var capacity = simulated.host().capacity();
    assertThat(gauge("chowder.host.memory.total.bytes")).isEqualTo((double) capacity.totalBytes());
    assertThat(gauge("chowder.host.memory.available.bytes"))
        .isEqualTo((double) capacity.availableBytes());
    assertThat(gauge("chowder.host.swap.free.bytes")).isEqualTo((double) capacity.swapFreeBytes());
    assertThat(gauge("chowder.host.zram.used.bytes"))
        .isEqualTo((double) capacity.compressedBytes());
    assertThat(gauge("chowder.host.disk.free.bytes")).isPositive();
  }

  private long calls(String verb, String result) {
    return metrics.get("chowder.engine").tags("verb", verb, "result", result).timer().count();
  }

  private double up() {
    return gauge("chowder.engine.up");
  }

  private double gauge(String name) {
    return metrics.get(name).gauge().value();
  }
}
