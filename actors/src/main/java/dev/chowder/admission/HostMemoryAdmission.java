package dev.chowder.admission;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import com.github.benmanes.caffeine.cache.Ticker;
import dev.chowder.admission.HostLedger.Counts;
import dev.chowder.admission.HostLedger.Kind;
import dev.chowder.gateway.HostMemory;
import dev.chowder.instance.InstanceId;
import dev.chowder.instance.Sleep;
import dev.chowder.sandbox.MemoryUse;
import dev.chowder.sandbox.SandboxEngine;
import dev.chowder.sandbox.SandboxException;
import dev.chowder.sandbox.SandboxId;
import java.nio.file.Path;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import java.util.function.IntSupplier;

/**
 * Admits gateways while the host has memory for them. A gateway allocates its memory only during
 * its boot and its first turn. Until it is ready, its memory counts as allocated, whichever node of
 * the host admitted it and however long it waits for its boot. For the boot time after that, only
 * the memory that it still lacks counts. If a gateway does not fit, pool members and then sleeping
 * gateways make room.
 */
public final class HostMemoryAdmission implements HostMemory {
  private final SandboxEngine engine;
  private final InstantSource clock;
  private final long gatewayBytes;
  private final long reserveBytes;
  private final HostLedger ledger;
  private final IntSupplier booting;
  private final Eviction eviction;

  /** The entries of this node in the ledger whose gateways are not ready. */
  private final Cache<InstanceId, Entry> waiting;

  /** Gateways that became ready lately and may lack a part of their memory. */
  private final Cache<InstanceId, Boolean> settling;

  private record Entry(Instant at, Kind kind) {}

  /**
   * Creates the admission of a node.
   *
   * @param home the state directory, the same for all nodes of this host
   * @param booting returns how many gateways boot on this node, or wait to boot
   */
  public HostMemoryAdmission(
      HostMemorySettings settings,
      Path home,
      SandboxEngine engine,
      InstantSource clock,
      IntSupplier booting,
      Eviction eviction) {
    this.engine = engine;
    this.clock = clock;
    this.gatewayBytes = settings.gatewayBytes();
    this.reserveBytes = settings.reserveBytes();
    this.ledger = new HostLedger(home.resolve("host-admissions"), settings.bootTime());
    this.booting = booting;
    this.eviction = eviction;
    Ticker ticker = () -> TimeUnit.MILLISECONDS.toNanos(clock.millis());
    this.waiting =
        Caffeine.newBuilder().ticker(ticker).expireAfterWrite(settings.bootTime()).build();
    this.settling =
        Caffeine.newBuilder().ticker(ticker).expireAfterWrite(settings.bootTime()).build();
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

  @Override
  public boolean admits(InstanceId id) {
    return admitsNow(Kind.BOOT, gatewayBytes, Optional.of(id));
  }

  @Override
  public boolean admitsByEviction(InstanceId id) {
    return eviction.until(() -> admits(id), Optional.empty());
  }

  /**
   * Returns whether the host has memory for a pool member and for one gateway besides, and counts
   * the member if so.
   */
  public boolean admitsMember(InstanceId id) {
    return admitsNow(Kind.BOOT, 2 * gatewayBytes, Optional.of(id));
  }

  @Override
  public void ready(InstanceId id) {
    var entry = waiting.asMap().remove(id);
    if (entry == null) return;
    // In this order, so that it always counts.
    settling.put(id, true);
    ledger.remove(entry.at(), entry.kind());
  }

  @Override
  public void stops(InstanceId id) {
    settling.invalidate(id);
  }

  /** Counts as a whole gateway on all nodes of the host, for the boot time at most. */
  @Override
  public Optional<Reservation> reserve(long bytes) {
    Instant now = clock.instant();
    return admits(Kind.READ_BACK, bytes, Optional.empty(), now)
        ? Optional.of(() -> ledger.remove(now, Kind.READ_BACK))
        : Optional.empty();
  }

  /** Releases an admission, because the instance does not boot. */
  void withdrawn(InstanceId id) {
    var entry = waiting.asMap().remove(id);
    if (entry != null) ledger.remove(entry.at(), entry.kind());
  }

  /** As {@code admits}; false if the engine does not answer. */
  private boolean admitsNow(Kind kind, long bytes, Optional<InstanceId> id) {
    try {
      return admits(kind, bytes, id, clock.instant());
    } catch (SandboxException why) {
      return false;
    }
  }

  /**
   * Admits a gateway that takes {@code bytes}. Counts it as a whole one until it is ready, for the
   * boot time at most.
   */
  private boolean admits(Kind kind, long bytes, Optional<InstanceId> id, Instant now) {
    long available = engine.host().capacity().availableBytes();
    // Without measuring them, they count as whole gateways.
    int whole = settling.asMap().size();
    boolean admits =
        ledger.add(now, kind, recent -> available >= needed(bytes, expected(recent) + whole))
            || (whole > 0 && admitsBesideSettling(kind, bytes, now));
    if (admits) id.ifPresent(one -> remember(one, new Entry(now, kind)));
    return admits;
  }

  /** As {@code admits}, but measures what each gateway lacks that became ready lately. */
  private boolean admitsBesideSettling(Kind kind, long bytes, Instant now) {
    long lacking = settling.asMap().keySet().stream().mapToLong(this::lacking).sum();
    // Read last: the gateways may allocate memory meanwhile.
    long available = engine.host().capacity().availableBytes();
    return ledger.add(now, kind, recent -> available - lacking >= needed(bytes, expected(recent)));
  }

  /**
   * Returns how much memory a gateway still lacks. Memory in swap is lacking, because a woken
   * gateway reads it back. A whole gateway if the engine does not answer; 0 if it does not run.
   */
  private long lacking(InstanceId id) {
    try {
      return engine
          .memory(SandboxId.ofInstance(id.value()))
          .map(use -> Math.max(0, gatewayBytes - use.residentBytes()))
          .orElse(0L);
    } catch (SandboxException why) {
      return gatewayBytes;
    }
  }

  private void remember(InstanceId id, Entry entry) {
    settling.invalidate(id);
    var earlier = waiting.asMap().put(id, entry);
    if (earlier != null) ledger.remove(earlier.at(), earlier.kind());
  }

  /** Returns the number of gateways that boot, will boot or read their memory back on this host. */
  private long expected(Counts recent) {
    // Most gateways that were admitted recently are also booting, so a sum would count them twice.
    return Math.max(recent.boots(), booting.getAsInt()) + recent.readBacks();
  }

  /**
   * Admits the gateway of an instance, after an eviction if necessary.
   *
   * @throws RejectedException with {@link Rejection.NoMemory} or {@link Rejection.NoEngine}
   */
  void admitted(InstanceId id) {
    admitted(Kind.BOOT, gatewayBytes, id);
  }

  /**
   * Admits the start of a stopped instance. A sleeping gateway needs what it has in swap. A frozen
   * one may also have memory there, because a page-out can move only a part, or be under way.
   *
   * @throws RejectedException with {@link Rejection.NoMemory} or {@link Rejection.NoEngine}
   */
  void admittedStart(InstanceId id, Sleep sleep) {
    switch (sleep.level()) {
      case FROZEN, PAGED_OUT -> {
        long inSwap = inSwap(id, sleep);
        if (inSwap > 0) admitted(Kind.READ_BACK, inSwap, id);
      }
      case OFF -> admitted(Kind.BOOT, gatewayBytes, id);
    }
  }

  /** Returns how much memory a start reads back; measured if a page-out is under way. */
  private long inSwap(InstanceId id, Sleep sleep) {
    if (sleep.isDeepening()) {
      try {
        return engine
            .memory(SandboxId.ofInstance(id.value()))
            .map(MemoryUse::swappedBytes)
            .orElse(0L);
      } catch (SandboxException why) {
        throw noAnswer();
      }
    }
    return sleep.memory().swappedBytes();
  }

  private void admitted(Kind kind, long bytes, InstanceId id) {
    var starting = Optional.of(id);
    try {
      if (admits(kind, bytes, starting, clock.instant())) return;
    } catch (SandboxException why) {
      throw noAnswer();
    }
    if (eviction.until(() -> admitsNow(kind, bytes, starting), starting)) return;
    throw new RejectedException(new Rejection.NoMemory(available(), needed(bytes, 0)));
  }

  private long needed(long bytes, long expected) {
    return gatewayBytes * expected + bytes + reserveBytes;
  }

  private long available() {
    try {
      return engine.host().capacity().availableBytes();
    } catch (SandboxException why) {
      throw noAnswer();
    }
  }

  private static RuntimeException noAnswer() {
    return new RejectedException(new Rejection.NoEngine());
  }
}
