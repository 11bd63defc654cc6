package dev.chowder.admission;

import static dev.chowder.sandbox.TestResources.RESOURCES;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.chowder.base.Await;
import dev.chowder.base.Ids;
import dev.chowder.instance.InstanceId;
import dev.chowder.instance.Sleep;
import dev.chowder.instance.SleepLevel;
import dev.chowder.instance.SleepMemory;
import dev.chowder.sandbox.Fence;
import dev.chowder.sandbox.ProcessSpec;
import dev.chowder.sandbox.SandboxId;
import dev.chowder.sandbox.SandboxSpec;
import dev.chowder.simulator.FakeSandboxSettings;
import dev.chowder.simulator.SimulatedEngine;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class HostMemoryAdmissionTest {
  private static final long GIB = 1L << 30;
  private static final HostMemorySettings ONE_GIB =
      new HostMemorySettings(GIB, 0, Duration.ofSeconds(30));

  /** A host with memory for ten gateways. */
  private static final FakeSandboxSettings SETTINGS =
      new FakeSandboxSettings(
          Optional.empty(), Duration.ZERO, Duration.ZERO, Duration.ZERO, 10 * GIB, GIB);

  /** A host with memory for four gateways. */
  private static final FakeSandboxSettings SMALL =
      new FakeSandboxSettings(
          Optional.empty(), Duration.ZERO, Duration.ZERO, Duration.ZERO, 4 * GIB, GIB);

  @TempDir Path home;

  /** A pool member must not take the memory of the next create. */
  @Test
  void aMemberIsAdmittedOnlyIfAnotherGatewayFitsBesideIt() {
    var now = new AtomicReference<>(Instant.parse("2026-07-01T12:00:00Z"));
    var waiting = new AtomicInteger();
    try (var engine = new SimulatedEngine(SETTINGS)) {
      InstantSource clock = now::get;
      var admission =
          new HostMemoryAdmission(
              ONE_GIB, home, engine, clock, waiting::get, (fits, _) -> fits.getAsBoolean());
      waiting.set(8);
      assertThat(admission.admitsMember(next())).as("beside 8 of 10").isTrue();
      now.updateAndGet(before -> before.plusSeconds(120));
      waiting.set(9);
      assertThat(admission.admitsMember(next())).as("beside 9 of 10").isFalse();
      assertThat(admission.admits(next())).as("a create beside 9 of 10").isTrue();
    }
  }

  /** The spare is memory for another gateway, and not taken by the member itself. */
  @Test
  void aMemberCountsAsOneGateway() {
    try (var engine = new SimulatedEngine(SETTINGS)) {
      var admission = admission(ONE_GIB, engine);
      assertThat(admission.admitsMember(next())).isTrue();
      assertThat(admitted(admission)).as("beside a member").isEqualTo(9);
    }
  }

  /** Boots are bounded, so many gateways may be admitted long before they take any memory. */
  @Test
  void aGatewayThatWaitsForItsBootCountsUntilItBoots() {
    var now = new AtomicReference<>(Instant.parse("2026-07-01T12:00:00Z"));
    var waiting = new AtomicInteger();
    try (var engine = new SimulatedEngine(SETTINGS)) {
      InstantSource clock = now::get;
      var admission =
          new HostMemoryAdmission(
              ONE_GIB, home, engine, clock, waiting::get, (fits, _) -> fits.getAsBoolean());
      for (int n = 0; n < 8; n++) {
        assertThat(admission.admits(next())).isTrue();
        waiting.incrementAndGet();
      }
      now.updateAndGet(before -> before.plusSeconds(120));
      int more = 0;
      while (more < 10 && admission.admits(next())) {
        more++;
        waiting.incrementAndGet();
      }
      assertThat(more).as("admitted beside 8 that wait, with admission for 10").isEqualTo(2);
      waiting.set(0);
      now.updateAndGet(before -> before.plusSeconds(120));
      assertThat(admission.admits(next())).as("after the others have booted").isTrue();
    }
  }

  /** Otherwise sleeping gateways would end for memory that is free. */
  @Test
  void theMemoryOfABootedGatewayCountsOnce() {
    assertThat(admittedOneAfterAnother(ONE_GIB)).as("with memory for 4").isEqualTo(4);
  }

  /** A gateway allocates a part of its memory in its first turn. */
  @Test
  void whatABootedGatewayHasNotAllocatedYetCounts() {
    var twice = new HostMemorySettings(2 * GIB, 0, Duration.ofSeconds(30));
    assertThat(admittedOneAfterAnother(twice)).as("that have half of their memory").isEqualTo(2);
  }

  /** A woken gateway reads the rest of its memory back while it runs. */
  @Test
  void whatARunningGatewayHasInSwapCounts() {
    try (var engine = new SimulatedEngine(SMALL)) {
      engine.script().withRunningInSwap(0.9);
      var admission = admission(ONE_GIB, engine);
      for (var id : List.of(next(), next())) {
        assertThat(admission.admits(id)).isTrue();
        boot(engine, id);
        admission.ready(id);
      }
      awaitAvailable(engine, 4 * GIB - 2 * (GIB - Math.round(GIB * 0.9)));
      assertThat(admitted(admission)).as("beside two that have 0.1 GiB each").isEqualTo(2);
    }
  }

  /** It needs the memory only after its next start, which is admitted then. */
  @Test
  void whatASleepingGatewayHasInSwapDoesNotCount() {
    try (var engine = new SimulatedEngine(SMALL)) {
      var admission = admission(ONE_GIB, engine);
      for (int n = 0; n < 2; n++) {
        var id = next();
        assertThat(admission.admits(id)).isTrue();
        boot(engine, id);
        admission.ready(id);
        admission.stops(id);
        var sandbox = SandboxId.ofInstance(id.value());
        var _ = engine.freeze(sandbox, 1);
        var _ = engine.pageOut(sandbox, 1);
      }
      // Half of each is in compressed memory, which is memory of the host.
      assertThat(admitted(admission)).as("beside two in swap").isEqualTo(3);
    }
  }

  /** Gateways that read their memory back are not among those that boot. */
  @Test
  void bootsAndStartsFromSwapCountTogether() {
    var inSwap =
        new Sleep(
            SleepLevel.PAGED_OUT, 1, Instant.EPOCH, SleepLevel.PAGED_OUT, new SleepMemory(0, GIB));
    try (var engine = new SimulatedEngine(SETTINGS)) {
      InstantSource clock = () -> Instant.parse("2026-07-01T12:00:00Z");
      var admission =
          new HostMemoryAdmission(
              ONE_GIB, home, engine, clock, () -> 8, (fits, _) -> fits.getAsBoolean());
      admission.admittedStart(next(), inSwap);
      admission.admittedStart(next(), inSwap);
      assertThatThrownBy(() -> admission.admittedStart(next(), inSwap))
          .as("beside 10 of 10")
          .isInstanceOfSatisfying(
              RejectedException.class,
              why -> assertThat(why.why()).isEqualTo(new Rejection.NoMemory(10 * GIB, GIB)));
    }
  }

  /** The instance was being deleted, for example. */
  @Test
  void aRejectedStartGivesItsMemoryBack() {
    try (var engine = new SimulatedEngine(SMALL)) {
      var admission = admission(ONE_GIB, engine);
      for (int n = 0; n < 10; n++) {
        var rejected = next();
        admission.admittedStart(rejected, Sleep.OFF);
        admission.withdrawn(rejected);
        admission.withdrawn(rejected);
      }
      assertThat(admitted(admission)).isEqualTo(4);
    }
  }

  /** The first start failed, for example, and was repeated. */
  @Test
  void aGatewayThatIsAdmittedAgainCountsOnce() {
    try (var engine = new SimulatedEngine(SMALL)) {
      var admission = admission(ONE_GIB, engine);
      var id = next();
      assertThat(admission.admits(id)).isTrue();
      assertThat(admission.admits(id)).isTrue();
      assertThat(admitted(admission)).as("beside one of 4").isEqualTo(3);
    }
  }

  /** Returns how many further gateways are admitted before one of them boots. */
  private static int admitted(HostMemoryAdmission admission) {
    int more = 0;
    while (more < 20 && admission.admits(next())) more++;
    return more;
  }

  /** Boots gateways at the same time of the clock, until one is rejected. */
  private int admittedOneAfterAnother(HostMemorySettings settings) {
    try (var engine = new SimulatedEngine(SMALL)) {
      var admission = admission(settings, engine);
      int admitted = 0;
      for (var id = next(); admitted < 10 && admission.admits(id); id = next()) {
        long before = engine.host().capacity().availableBytes();
        boot(engine, id);
        awaitAvailable(engine, before - GIB);
        admission.ready(id);
        admitted++;
      }
      return admitted;
    }
  }

  /** The simulator counts its processes once a second. */
  private static void awaitAvailable(SimulatedEngine engine, long bytes) {
    Await.until(() -> engine.host().capacity().availableBytes() == bytes);
  }

  /** Two nodes must not use the same memory to end their gateways. */
  @Test
  void memoryThatOneNodeReservesIsNotFreeForTheOthers() {
    try (var engine = new SimulatedEngine(SMALL)) {
      var one = admission(ONE_GIB, engine);
      var other = admission(ONE_GIB, engine);
      var reserved = one.reserve(GIB);
      assertThat(reserved).isPresent();
      for (int n = 0; n < 3; n++) assertThat(other.reserve(GIB)).isPresent();
      assertThat(other.reserve(GIB)).as("the fifth of 4").isEmpty();
      assertThat(one.admits(next())).as("a create beside four").isFalse();
      reserved.orElseThrow().close();
      assertThat(other.reserve(GIB)).as("after an end").isPresent();
    }
  }

  /** Returns the admission of a node whose clock stands still. */
  private HostMemoryAdmission admission(HostMemorySettings settings, SimulatedEngine engine) {
    InstantSource clock = () -> Instant.parse("2026-07-01T12:00:00Z");
    return new HostMemoryAdmission(
        settings, home, engine, clock, () -> 0, (fits, _) -> fits.getAsBoolean());
  }

  private static InstanceId next() {
    return new InstanceId(Ids.next());
  }

  private static void boot(SimulatedEngine engine, InstanceId id) {
    var sandbox = SandboxId.ofInstance(id.value());
    engine.create(new SandboxSpec(sandbox, "org", "chowder/fake", 1, RESOURCES));
    var _ =
        engine.start(
            sandbox,
            new Fence(1, 1),
            new ProcessSpec("chowder/fake", "org", List.of("serve"), Map.of(), 18789, RESOURCES));
  }
}
