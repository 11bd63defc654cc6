package dev.chowder.server;

import static org.assertj.core.api.Assertions.assertThat;

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

  @TempDir Path home;

  /** Boots are bounded, so many gateways may be admitted long before they take any memory. */
  @Test
  void aGatewayThatWaitsForItsBootCountsUntilItBoots() {
    var config =
        ConfigFactory.parseString(
            "chowder.host { gateway-memory = 1 GiB, reserve-memory = 0, boot-time = 30s }");
    var now = new AtomicReference<>(Instant.parse("2026-07-01T12:00:00Z"));
    var waiting = new AtomicInteger();
    var settings =
        new FakeSandboxSettings(
            Optional.empty(), Duration.ZERO, Duration.ZERO, Duration.ZERO, 10 * GIB, GIB);
    try (var driver = new FakeSandboxDriver(settings)) {
      InstantSource clock = now::get;
      var admission =
          HostMemoryAdmission.of(
              config, home, driver, clock, waiting::get, (fits, _) -> fits.getAsBoolean());
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
