package dev.chowder.server;

import static dev.chowder.actor.ErrorText.cannot;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import com.github.benmanes.caffeine.cache.Expiry;
import com.typesafe.config.Config;
import dev.chowder.effect.GatewayStages.HostMemory;
import dev.chowder.instance.InstanceId;
import dev.chowder.instance.InstanceView;
import dev.chowder.instance.Sleep;
import dev.chowder.sandbox.SandboxDriver;
import dev.chowder.sandbox.SandboxDriver.MemoryUse;
import dev.chowder.sandbox.SandboxException;
import dev.chowder.sandbox.SandboxId;
import dev.chowder.server.error.ApiError;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import java.util.function.IntSupplier;

/**
 * Admits gateways while the host has memory for them. A gateway allocates its memory only during
 * its boot and its first turn. Until then its memory counts as allocated, whichever node of the
 * host admitted it and however long it waits for its boot. Once a gateway of this node has booted,
 * only what it has not allocated yet counts. If a gateway does not fit, pool members and then
 * sleeping gateways make room.
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

  /** The gateways of this node that the ledger counts, and whether they have booted. */
  private final Cache<InstanceId, Boolean> admissions;

  private HostMemoryAdmission(
      SandboxDriver driver,
      InstantSource clock,
      long gatewayBytes,
      long reserveBytes,
      Duration bootTime,
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
    this.admissions =
        Caffeine.newBuilder()
            .ticker(() -> TimeUnit.MILLISECONDS.toNanos(clock.millis()))
            .expireAfter(Expiry.<InstanceId, Boolean>creating((_, _) -> bootTime))
            .build();
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
    Duration bootTime = config.getDuration("boot-time");
    return new HostMemoryAdmission(
        driver,
        clock,
        config.getBytes("gateway-memory"),
        config.getBytes("reserve-memory"),
        bootTime,
        new HostLedger(home.resolve("host-ledger"), bootTime),
        booting,
        eviction);
  }

  @Override
  public boolean admits(InstanceId id) {
    return admits(gatewayBytes, Optional.of(id));
  }

  @Override
  public boolean admitsByEviction(InstanceId id) {
    return eviction.until(() -> admits(id), Optional.empty());
  }

  /**
   * Returns whether the host has memory for a pool member and for one gateway besides, and counts
   * the member if so.
   */
  public boolean admitsMember() {
    return admits(2 * gatewayBytes, Optional.empty());
  }

  @Override
  public void booted(InstanceId id) {
    var _ = admissions.asMap().computeIfPresent(id, (_, _) -> true);
  }

  /** Counts as a whole gateway on all nodes of the host, for the boot time at most. */
  @Override
  public Optional<Reservation> reserve(long bytes) {
    Instant now = clock.instant();
    return admits(bytes, driver.capacity().availableBytes(), Optional.empty(), now)
        ? Optional.of(() -> admitted.remove(now))
        : Optional.empty();
  }

  private boolean admits(long bytes, Optional<InstanceId> id) {
    try {
      return admits(bytes, driver.capacity().availableBytes(), id, clock.instant());
    } catch (SandboxException why) {
      return false;
    }
  }

  /** Admits a gateway that takes {@code bytes}. Counts it as a whole one for its boot time. */
  private boolean admits(long bytes, long available, Optional<InstanceId> id, Instant now) {
    boolean admits =
        admitted.add(now, recent -> available >= needed(bytes, expected(recent)))
            || admitsBesideBooted(bytes, available, now);
    if (admits) id.ifPresent(one -> admissions.put(one, false));
    return admits;
  }

  /** As {@code admits}, but reads how much memory each booted gateway has allocated. */
  private boolean admitsBesideBooted(long bytes, long available, Instant now) {
    var booted =
        admissions.asMap().entrySet().stream()
            .filter(Map.Entry::getValue)
            .map(Map.Entry::getKey)
            .toList();
    if (booted.isEmpty()) return false;
    long missing = booted.stream().mapToLong(this::unallocated).sum();
    return admitted.add(
        now, recent -> available >= needed(bytes, expected(recent - booted.size())) + missing);
  }

  /** Returns how much memory a booted gateway is expected to allocate; all of it if unknown. */
  private long unallocated(InstanceId id) {
    try {
      return driver
          .memory(SandboxId.ofInstance(id.value()))
          .map(use -> Math.max(0, gatewayBytes - use.residentBytes() - use.swappedBytes()))
          .orElse(0L);
    } catch (SandboxException why) {
      return gatewayBytes;
    }
  }

  /** Returns the number of gateways that boot or will boot on this host. */
  private long expected(long recent) {
    // Most gateways that were admitted recently are also booting, so a sum would count them twice.
    return Math.max(recent, booting.getAsInt());
  }

  /**
   * Admits the gateway of an instance, after an eviction if necessary.
   *
   * @throws ApiError {@code NO_CAPACITY}
   */
  public void admitted(InstanceId id) {
    admitted(gatewayBytes, id);
  }

  /**
   * Admits the start of a stopped instance. A sleeping gateway needs what it has in swap. A frozen
   * one may also have memory there, because a page-out can move only a part, or be under way.
   *
   * @throws ApiError {@code NO_CAPACITY}
   */
  public void admittedStart(InstanceView stopped) {
    var sleep = stopped.sleep().orElse(Sleep.OFF);
    switch (sleep.level()) {
      case FROZEN, PAGED_OUT -> {
        long inSwap = inSwap(stopped.id(), sleep);
        if (inSwap > 0) admitted(inSwap, stopped.id());
      }
      case OFF -> admitted(gatewayBytes, stopped.id());
    }
  }

  /** Returns how much memory a start reads back; measured if a page-out is under way. */
  private long inSwap(InstanceId id, Sleep sleep) {
    if (sleep.isDeepening()) {
      try {
        return driver
            .memory(SandboxId.ofInstance(id.value()))
            .map(MemoryUse::swappedBytes)
            .orElse(0L);
      } catch (SandboxException why) {
        throw noAnswer();
      }
    }
    return sleep.memory().swappedBytes();
  }

  private void admitted(long bytes, InstanceId id) {
    var starting = Optional.of(id);
    if (admits(bytes, available(), starting, clock.instant())
        || eviction.until(() -> admits(bytes, starting), starting)) return;
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
      throw noAnswer();
    }
  }

  private static RuntimeException noAnswer() {
    return ApiError.noCapacity(
        cannot("start the instance", "the sandbox engine does not answer", "retry later"),
        RETRY_AFTER_SECONDS);
  }

  private static long mebibytes(long bytes) {
    return bytes >> 20;
  }
}
