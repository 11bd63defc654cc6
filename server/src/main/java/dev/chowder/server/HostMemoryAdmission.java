package dev.chowder.server;

import static dev.chowder.actor.ErrorText.cannot;

import com.typesafe.config.Config;
import dev.chowder.effect.GatewayStages.HostMemory;
import dev.chowder.instance.InstanceId;
import dev.chowder.instance.InstanceView;
import dev.chowder.instance.Sleep;
import dev.chowder.sandbox.SandboxDriver;
import dev.chowder.sandbox.SandboxException;
import dev.chowder.server.error.ApiError;
import java.nio.file.Path;
import java.time.InstantSource;
import java.util.Optional;
import java.util.function.BooleanSupplier;
import java.util.function.IntSupplier;

/**
 * Admits gateways while the host has memory for them. A gateway allocates its memory only during
 * its boot. Until then its memory counts as allocated, whichever node of the host admitted it and
 * however long it waits for its boot. If a gateway does not fit, pool members and then sleeping
 * gateways make room.
 */
public final class HostMemoryAdmission implements HostMemory {
  private static final int RETRY_AFTER_SECONDS = 30;

  private final SandboxDriver driver;
  private final InstantSource clock;
  private final long gatewayBytes;
  private final long reserveBytes;
  private final HostLedger admitted;
  private final IntSupplier booting;
  private final Eviction eviction;

  private HostMemoryAdmission(
      SandboxDriver driver,
      InstantSource clock,
      long gatewayBytes,
      long reserveBytes,
      HostLedger admitted,
      IntSupplier booting,
      Eviction eviction) {
    this.driver = driver;
    this.clock = clock;
    this.gatewayBytes = gatewayBytes;
    this.reserveBytes = reserveBytes;
    this.admitted = admitted;
    this.booting = booting;
    this.eviction = eviction;
  }

  /** Frees memory that pool members and sleeping gateways hold. */
  @FunctionalInterface
  public interface Eviction {
    /**
     * Frees memory until {@code fits} is true, for a limited time.
     *
     * @param starting instance whose own sleep must stay; empty if none
     * @return the last value of {@code fits}
     */
    boolean until(BooleanSupplier fits, Optional<InstanceId> starting);
  }

  /**
   * Reads {@code chowder.host}.
   *
   * @param home the state directory, the same for all nodes of this host
   * @param booting returns how many gateways boot on this node, or wait to boot
   */
  public static HostMemoryAdmission of(
      Config root,
      Path home,
      SandboxDriver driver,
      InstantSource clock,
      IntSupplier booting,
      Eviction eviction) {
    var config = root.getConfig("chowder.host");
    return new HostMemoryAdmission(
        driver,
        clock,
        config.getBytes("gateway-memory"),
        config.getBytes("reserve-memory"),
        new HostLedger(home.resolve("host-ledger"), config.getDuration("boot-time")),
        booting,
        eviction);
  }

  @Override
  public boolean admits() {
    return admits(gatewayBytes);
  }

  @Override
  public boolean admitsWithSpare() {
    return admits(2 * gatewayBytes);
  }

  @Override
  public boolean admitsByEviction() {
    return eviction.until(this::admits, Optional.empty());
  }

  private boolean admits(long bytes) {
    try {
      return admits(bytes, driver.capacity().availableBytes());
    } catch (SandboxException why) {
      return false;
    }
  }

  /** Admits a gateway that takes {@code bytes}. Counts it as a whole one for its boot time. */
  private boolean admits(long bytes, long available) {
    // Most gateways that were admitted recently are also booting, so a sum would count them twice.
    return admitted.add(
        clock.instant(),
        recent -> available >= needed(bytes, Math.max(recent, booting.getAsInt())));
  }

  /**
   * Admits one more gateway, after an eviction if necessary.
   *
   * @throws ApiError {@code NO_CAPACITY}
   */
  public void admitted() {
    admitted(gatewayBytes, Optional.empty());
  }

  /**
   * Admits the start of a stopped instance. A frozen gateway needs no further memory, and a
   * paged-out one needs what is in swap.
   *
   * @throws ApiError {@code NO_CAPACITY}
   */
  public void admittedStart(InstanceView stopped) {
    var sleep = stopped.sleep().orElse(Sleep.OFF);
    switch (sleep.level()) {
      case FROZEN -> {}
      case PAGED_OUT -> admitted(sleep.memory().swappedBytes(), Optional.of(stopped.id()));
      case OFF -> admitted(gatewayBytes, Optional.of(stopped.id()));
    }
  }

  private void admitted(long bytes, Optional<InstanceId> starting) {
    if (admits(bytes, available()) || eviction.until(() -> admits(bytes), starting)) return;
    throw ApiError.noCapacity(
        cannot(
            "start the instance",
            "the host has "
                + mebibytes(available())
                + " MiB of free memory, and besides booting instances this one needs "
                + mebibytes(needed(bytes, 0))
                + " MiB",
            "retry later"),
        RETRY_AFTER_SECONDS);
  }

  private long needed(long bytes, long booting) {
    return gatewayBytes * booting + bytes + reserveBytes;
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
