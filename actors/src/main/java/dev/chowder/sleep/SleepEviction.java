package dev.chowder.sleep;

import dev.chowder.instance.InstanceId;
import dev.chowder.instance.InstanceView;
import dev.chowder.instance.SleepLevel;
import dev.chowder.sandbox.SandboxEngine;
import dev.chowder.sandbox.SandboxException;
import dev.chowder.sleep.Sleepers.Cause;
import java.time.Duration;
import java.util.HashSet;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.BooleanSupplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Frees memory for starts: moves sleeping gateways to deeper levels, of one organization after
 * another. Concurrent starts of a node wait for one eviction after another, and each checks first
 * whether an earlier one freed enough.
 */
public final class SleepEviction {
  private static final Logger LOG = LoggerFactory.getLogger(SleepEviction.class);

  /**
   * How long an eviction that found nothing speaks for later ones. Otherwise each rejected create
   * of a full host would list all instances.
   */
  private static final Duration NOTHING_LEFT = Duration.ofSeconds(1);

  private final Sleepers sleepers;
  private final SandboxEngine engine;
  private final DeeperSleepSettings settings;
  private final ReentrantLock oneAtATime = new ReentrantLock(true);
  private volatile long nothingLeftUntil = System.nanoTime();

  /** Used by one eviction at a time. */
  private final CompressedGain gain = new CompressedGain();

  public SleepEviction(Sleepers sleepers, SandboxEngine engine, DeeperSleepSettings settings) {
    this.sleepers = sleepers;
    this.engine = engine;
    this.settings = settings;
  }

  /**
   * Frees memory until {@code fits} is true, for at most {@code chowder.sleep.evict-timeout}.
   *
   * @param fits whether the start has its memory; it reserves the memory if so
   * @param starting instance that must keep its sleep because it is about to wake; empty if none
   * @return the last value of {@code fits}
   */
  public boolean until(BooleanSupplier fits, Optional<InstanceId> starting) {
    long deadline = System.nanoTime() + settings.evictTimeout().toNanos();
    try {
      if (!oneAtATime.tryLock(settings.evictTimeout().toNanos(), TimeUnit.NANOSECONDS))
        return false;
      try {
        if (fits.getAsBoolean()) return true;
        if (System.nanoTime() - nothingLeftUntil < 0) return false;
        return evict(fits, starting, deadline);
      } finally {
        oneAtATime.unlock();
      }
    } catch (InterruptedException cancelled) {
      Thread.currentThread().interrupt();
      return false;
    } catch (SandboxException why) {
      LOG.warn("event=no-eviction reason={} message={}", why.reason(), why.getMessage());
      return false;
    }
  }

  private boolean evict(BooleanSupplier fits, Optional<InstanceId> starting, long deadline)
      throws InterruptedException {
    var all =
        sleepers.inTurn().stream()
            .filter(view -> !Optional.of(view.id()).equals(starting))
            .toList();
    var ended = new HashSet<InstanceId>();
    for (var view : all) {
      if (Sleepers.sleep(view).level() != SleepLevel.FROZEN) continue;
      if (System.nanoTime() - deadline >= 0) return false;
      var reached = evict(view, deadline);
      if (reached.filter(level -> level == SleepLevel.OFF).isPresent()) ended.add(view.id());
      if (reached.isPresent() && fits.getAsBoolean()) return true;
    }
    // Paged-out gateways come last, also those of the loop above, because each frees less: a third
    // of its memory from zram, and nearly nothing from a disk.
    for (var view : all) {
      if (ended.contains(view.id())) continue;
      long before = engine.host().capacity().compressedBytes();
      if (!gain.isLikely(before)) break;
      if (System.nanoTime() - deadline >= 0) return false;
      if (end(view, deadline).isEmpty()) continue;
      gain.add(before - engine.host().capacity().compressedBytes());
      if (fits.getAsBoolean()) return true;
    }
    nothingLeftUntil = System.nanoTime() + NOTHING_LEFT.toNanos();
    return false;
  }

  /**
   * Returns the level at which the gateway has less memory than before; empty if it has as much.
   */
  private Optional<SleepLevel> evict(InstanceView view, long deadline) throws InterruptedException {
    if (sleepers.canPageOut(view, engine.host().capacity())) {
      var reached = sleepers.deepen(view, SleepLevel.PAGED_OUT, Cause.START, left(deadline));
      if (reached.filter(level -> level != SleepLevel.FROZEN).isPresent()) return reached;
    }
    return end(view, deadline);
  }

  private Optional<SleepLevel> end(InstanceView view, long deadline) throws InterruptedException {
    return sleepers
        .deepen(view, SleepLevel.OFF, Cause.START, left(deadline))
        .filter(level -> level == SleepLevel.OFF);
  }

  private Duration left(long deadline) {
    var left = Duration.ofNanos(Math.max(1, deadline - System.nanoTime()));
    return left.compareTo(settings.deepenTimeout()) < 0 ? left : settings.deepenTimeout();
  }
}
