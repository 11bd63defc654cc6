package dev.chowder.server;

import static org.assertj.core.api.Assertions.assertThat;

import com.typesafe.config.Config;
import com.typesafe.config.ConfigFactory;
import dev.chowder.sandbox.fake.FakeSandboxDriver;
import dev.chowder.sandbox.fake.FakeSandboxSettings;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class HostMemoryAdmissionTest {
  private static final long GIB = 1L << 30;
  private static final Config CONFIG =
      ConfigFactory.parseString(
          "chowder.host { gateway-memory = 1 GiB, reserve-memory = 0, boot-time = 30s }");

  /** A host with memory for ten gateways. */
  private static final FakeSandboxSettings SETTINGS =
      new FakeSandboxSettings(
          Optional.empty(), Duration.ZERO, Duration.ZERO, Duration.ZERO, 10 * GIB, GIB);

  @TempDir Path home;

  /** A pool member must not take the memory of the next create. */
  @Test
  void aMemberIsAdmittedOnlyIfAnotherGatewayFitsBesideIt() {
    var now = new AtomicReference<>(Instant.parse("2026-07-01T12:00:00Z"));
    var waiting = new AtomicInteger();
    try (var driver = new FakeSandboxDriver(SETTINGS)) {
      InstantSource clock = now::get;
      var admission =
          HostMemoryAdmission.of(
              CONFIG, home, driver, clock, waiting::get, (fits, _) -> fits.getAsBoolean());
      waiting.set(8);
      assertThat(admission.admitsWithSpare()).as("beside 8 of 10").isTrue();
      now.updateAndGet(before -> before.plusSeconds(120));
      waiting.set(9);
      assertThat(admission.admitsWithSpare()).as("beside 9 of 10").isFalse();
      assertThat(admission.admits()).as("a create beside 9 of 10").isTrue();
    }
  }

  /** The spare is memory for another gateway, and not taken by the member itself. */
  @Test
  void aMemberCountsAsOneGateway() {
    try (var driver = new FakeSandboxDriver(SETTINGS)) {
      InstantSource clock = () -> Instant.parse("2026-07-01T12:00:00Z");
      var admission =
          HostMemoryAdmission.of(
              CONFIG, home, driver, clock, () -> 0, (fits, _) -> fits.getAsBoolean());
      assertThat(admission.admitsWithSpare()).isTrue();
      int more = 0;
      while (more < 20 && admission.admits()) more++;
      assertThat(more).as("admitted beside a member").isEqualTo(9);
    }
  }

  /** Boots are bounded, so many gateways may be admitted long before they take any memory. */
  @Test
  void aGatewayThatWaitsForItsBootCountsUntilItBoots() {
    var now = new AtomicReference<>(Instant.parse("2026-07-01T12:00:00Z"));
    var waiting = new AtomicInteger();
    try (var driver = new FakeSandboxDriver(SETTINGS)) {
      InstantSource clock = now::get;
      var admission =
          HostMemoryAdmission.of(
              CONFIG, home, driver, clock, waiting::get, (fits, _) -> fits.getAsBoolean());
      for (int n = 0; n < 8; n++) {
        assertThat(admission.admits()).isTrue();
        waiting.incrementAndGet();
      }
      now.updateAndGet(before -> before.plusSeconds(120));
      int more = 0;
      while (more < 10 && admission.admits()) {
        more++;
        waiting.incrementAndGet();
      }
      assertThat(more).as("admitted beside 8 that wait, with admission for 10").isEqualTo(2);
      waiting.set(0);
      now.updateAndGet(before -> before.plusSeconds(120));
      assertThat(admission.admits()).as("after the others have booted").isTrue();
    }
  }
}
