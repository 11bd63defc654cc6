package dev.chowder.server;

import com.typesafe.config.Config;
import dev.chowder.sandbox.SandboxDriver;
import dev.chowder.sandbox.SandboxException;
import dev.chowder.server.error.ApiError;
import java.nio.file.Path;
import java.time.InstantSource;

/**
 * Whether the host has memory for one more gateway. A gateway that was let in takes its memory only
 * while it boots, so for that long it is counted as if it had it already, whichever node of this
 * host let it in.
 */
public final class HostRoom {
  private static final int RETRY_AFTER_SECONDS = 30;

  private final SandboxDriver driver;
  private final InstantSource clock;
  private final long gatewayBytes;
  private final long reserveBytes;
  private final HostLedger letIn;

  private HostRoom(
      SandboxDriver driver,
      InstantSource clock,
      long gatewayBytes,
      long reserveBytes,
      HostLedger letIn) {
    this.driver = driver;
    this.clock = clock;
    this.gatewayBytes = gatewayBytes;
    this.reserveBytes = reserveBytes;
    this.letIn = letIn;
  }

  /**
   * Reads {@code chowder.host}.
   *
   * @param home the same for all nodes of this host
   */
  public static HostRoom of(Config root, Path home, SandboxDriver driver, InstantSource clock) {
    var config = root.getConfig("chowder.host");
    return new HostRoom(
        driver,
        clock,
        config.getBytes("gateway-memory"),
        config.getBytes("reserve-memory"),
        new HostLedger(home.resolve("host-ledger"), config.getDuration("boot-time")));
  }

  /** Returns whether one more gateway fits, and counts it if so; false if no engine answers. */
  public boolean admits() {
    try {
      return admits(driver.capacity().availableBytes());
    } catch (SandboxException why) {
      return false;
    }
  }

  private boolean admits(long available) {
    return letIn.add(clock.instant(), booting -> available >= needed(booting));
  }

  /** Lets one more gateway in, or throws NO_CAPACITY. */
  public void letIn() {
    long available = available();
    if (!admits(available)) {
      throw ApiError.noCapacity(
          "memory: "
              + mebibytes(available)
              + " MiB free on the host (expected: "
              + mebibytes(needed(0))
              + " MiB for one more instance, besides what is booting)",
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
          "sandboxes: the engine that runs them does not answer", RETRY_AFTER_SECONDS);
    }
  }

  private static long mebibytes(long bytes) {
    return bytes >> 20;
  }
}
