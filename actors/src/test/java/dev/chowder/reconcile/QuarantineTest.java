package dev.chowder.reconcile;

import static org.assertj.core.api.Assertions.assertThat;

import dev.chowder.base.Ids;
import dev.chowder.openclaw.home.OpenClawHome;
import dev.chowder.reconcile.Quarantine.Why;
import dev.chowder.sandbox.Fence;
import dev.chowder.sandbox.ProcessSpec;
import dev.chowder.sandbox.SandboxId;
import dev.chowder.sandbox.SandboxObservation;
import dev.chowder.sandbox.SandboxObservation.MainProcess;
import dev.chowder.sandbox.SandboxSpec;
import dev.chowder.sandbox.TestResources;
import dev.chowder.simulator.FakeSandboxSettings;
import dev.chowder.simulator.SimulatedEngine;
import java.time.Duration;
import java.time.Instant;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class QuarantineTest {
  private static final SandboxId SANDBOX = SandboxId.ofInstance(Ids.next());
  private static final Instant FIRST = Instant.parse("2026-01-01T00:00:00Z");
  private static final Instant RECOVERED = FIRST.plusSeconds(60);
  private static final Duration DELAY = Duration.ofSeconds(30);

  private final SimulatedEngine engine = new SimulatedEngine(FakeSandboxSettings.instant());
  private final Quarantine quarantine = new Quarantine(engine, Duration.ZERO, 1);

  @BeforeEach
  void aHomeReappearedAndItsInstanceWasRecovered() {
    engine.create(new SandboxSpec(SANDBOX, "org", "image", 0, TestResources.OPENCLAW));
    found(new SandboxObservation(SANDBOX, Optional.of(0), MainProcess.Ended.listed(1)), FIRST);
    var _ =
        engine.start(
            SANDBOX,
            Fence.ofAttempt(3),
            new ProcessSpec(
                "image",
                "org",
                OpenClawHome.GATEWAY_COMMAND,
                OpenClawHome.GATEWAY_ENVIRONMENT,
                OpenClawHome.GATEWAY_PORT,
                TestResources.OPENCLAW));
    // This pass read the instance before the recover.
    found(engine.observe(SANDBOX), RECOVERED);
    quarantine.stop(RECOVERED.minus(DELAY));
  }

  @AfterEach
  void close() {
    engine.close();
  }

  @Test
  void theProcessOfARecoverIsNotStopped() {
    assertThat(engine.observe(SANDBOX).mainProcess()).isInstanceOf(MainProcess.Up.class);
  }

  @Test
  void aProcessThatStaysInQuarantineIsStopped() {
    var later = RECOVERED.plus(DELAY).plusSeconds(1);
    found(engine.observe(SANDBOX), later);
    quarantine.stop(later.minus(DELAY));
    assertThat(engine.observe(SANDBOX).mainProcess()).isInstanceOf(MainProcess.Ended.class);
  }

  @Test
  void theTimeOfTheFirstObservationStays() {
    found(
        new SandboxObservation(SANDBOX, Optional.of(0), new MainProcess.Missing()),
        RECOVERED.plus(DELAY));
    assertThat(quarantine.all())
        .singleElement()
        .satisfies(one -> assertThat(one.since()).isEqualTo(FIRST));
  }

  private void found(SandboxObservation seen, Instant at) {
    quarantine.found(Map.of(seen, Why.HOME_REAPPEARED), Set.of(), at);
  }
}
