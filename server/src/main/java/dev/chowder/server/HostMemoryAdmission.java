package dev.chowder.server;

import static dev.chowder.actor.ErrorText.cannot;

import com.typesafe.config.Config;
import dev.chowder.sandbox.SandboxDriver;
import dev.chowder.sandbox.SandboxException;
import dev.chowder.server.error.ApiError;
import java.nio.file.Path;
import java.time.InstantSource;
import java.util.function.IntSupplier;

/**
 * Admits gateways while the host has memory for them. A gateway allocates its memory only during
 * its boot. Until then its memory counts as allocated, whichever node of the host admitted it and
 * however long it waits for its boot.
 */
public final class HostMemoryAdmission {
  private static final int RETRY_AFTER_SECONDS = 30;

  private final SandboxDriver driver;
  private final InstantSource clock;
  private final long gatewayBytes;
  private final long reserveBytes;
  private final HostLedger admitted;
  private final IntSupplier booting;

  private HostMemoryAdmission(
      SandboxDriver driver,
      InstantSource clock,
      long gatewayBytes,
      long reserveBytes,
      HostLedger admitted,
      IntSupplier booting) {
    this.driver = driver;
    this.clock = clock;
    this.gatewayBytes = gatewayBytes;
    this.reserveBytes = reserveBytes;
    this.admitted = admitted;
    this.booting = booting;
  }

  /**
   * Reads {@code chowder.host}.
   *
   * @param home the state directory, the same for all nodes of this host
   * @param booting returns how many gateways boot on this node, or wait to boot
   */
  public static HostMemoryAdmission of(
      Config root, Path home, SandboxDriver driver, InstantSource clock, IntSupplier booting) {
    var config = root.getConfig("chowder.host");
    return new HostMemoryAdmission(
        driver,
        clock,
        config.getBytes("gateway-memory"),
        config.getBytes("reserve-memory"),
        new HostLedger(home.resolve("host-ledger"), config.getDuration("boot-time")),
        booting);
  }

  /** Admits one more gateway if it fits; returns whether it did. False if no engine answers. */
  public boolean admits() {
    try {
      return admits(driver.capacity().availableBytes());
    } catch (SandboxException why) {
      return false;
    }
  }

  private boolean admits(long available) {
    // Most gateways that were admitted recently are also booting, so a sum would count them twice.
    return admitted.add(
        clock.instant(), recent -> available >= needed(Math.max(recent, booting.getAsInt())));
  }

  /** Admits one more gateway, or throws NO_CAPACITY. */
  public void admitted() {
    long available = available();
    if (!admits(available)) {
      throw ApiError.noCapacity(
          cannot(
              "start the instance",
              "the host has "
                  + mebibytes(available)
                  + " MiB of free memory, and besides booting instances one more needs "
                  + mebibytes(needed(0))
                  + " MiB",
              "retry later"),
          RETRY_AFTER_SECONDS);
    }
  }

  private long needed(long booting) {
    return gatewayBytes * (booting + 1L) + reserveBytes;
  }

  private long available() {
    try {
      return driver.capacity().availableBytes();
    } catch (SandboxException why) {
      throw ApiError.noCapacity(
          cannot("start the instance", "the sandbox engine does not answer", "retry later"),
          RETRY_AFTER_SECONDS);
    }
  }

  private static long mebibytes(long bytes) {
    return bytes >> 20;
  }
}
