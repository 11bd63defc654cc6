package dev.chowder.server;

import com.typesafe.config.Config;
import dev.chowder.sandbox.SandboxDriver;
import dev.chowder.sandbox.SandboxException;
import dev.chowder.server.error.ApiError;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayDeque;
import java.util.Deque;

/**
 * Whether the host has memory for one more gateway. A gateway that was let in takes its memory only
 * while it boots, so for that long it is counted as if it had it already.
 */
public final class HostRoom {
  private static final int RETRY_AFTER_SECONDS = 30;

  private final SandboxDriver driver;
  private final InstantSource clock;
  private final long gatewayBytes;
  private final long reserveBytes;
  private final Duration bootTime;
  private final Deque<Instant> letIn = new ArrayDeque<>();

  private HostRoom(
      SandboxDriver driver,
      InstantSource clock,
      long gatewayBytes,
      long reserveBytes,
      Duration bootTime) {
    this.driver = driver;
    this.clock = clock;
    this.gatewayBytes = gatewayBytes;
    this.reserveBytes = reserveBytes;
    this.bootTime = bootTime;
  }

  /** Reads {@code chowder.host}. */
  public static HostRoom of(Config root, SandboxDriver driver, InstantSource clock) {
    var config = root.getConfig("chowder.host");
    return new HostRoom(
        driver,
        clock,
        config.getBytes("gateway-memory"),
        config.getBytes("reserve-memory"),
        config.getDuration("boot-time"));
  }

  /** Lets one more gateway in, or throws NO_CAPACITY. */
  public void letIn() {
    long available = available();
    synchronized (letIn) {
      var now = clock.instant();
      while (!letIn.isEmpty() && letIn.peek().plus(bootTime).isBefore(now)) letIn.poll();
      long needed = gatewayBytes * (letIn.size() + 1L) + reserveBytes;
      if (available < needed) {
        throw ApiError.noCapacity(
            "memory: "
                + mebibytes(available)
                + " MiB free on the host (expected: "
                + mebibytes(needed)
                + " MiB for one more instance)",
            RETRY_AFTER_SECONDS);
      }
      letIn.add(now);
    }
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
