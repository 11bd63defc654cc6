package dev.chowder.pool;

import dev.chowder.base.Turns;
import dev.chowder.instance.InstanceView;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.BooleanSupplier;

/**
 * Discards pool members, of one organization after another, until a gateway that a caller waits for
 * has memory. Concurrent starts of a node wait for one eviction after another.
 */
public final class PoolEviction {
  private final PoolMembers members;
  private final PoolSettings settings;
  private final Duration limit;
  private final Turns turns = new Turns();
  private final ReentrantLock oneAtATime = new ReentrantLock(true);

  /**
   * Creates the eviction.
   *
   * @param limit maximum time that one start waits
   */
  public PoolEviction(PoolMembers members, PoolSettings settings, Duration limit) {
    this.members = members;
    this.settings = settings;
    this.limit = limit;
  }

  /**
   * Discards members, the oldest of each organization first, until {@code fits} is true, none is
   * left or the limit passed.
   *
   * @return the last value of {@code fits}
   */
  public boolean until(BooleanSupplier fits) {
    if (!settings.isEnabled() || !members.exist()) return false;
    long deadline = System.nanoTime() + limit.toNanos();
    try {
      if (!oneAtATime.tryLock(limit.toNanos(), TimeUnit.NANOSECONDS)) return false;
    } catch (InterruptedException cancelled) {
      Thread.currentThread().interrupt();
      return false;
    }
    try {
      if (fits.getAsBoolean()) return true;
      var all = members.all(settings.maxBatchSize());
      for (var member : turns.order(all, PoolEviction::organization)) {
        var left = Duration.ofNanos(deadline - System.nanoTime());
        if (!left.isPositive()) return false;
        members.discardAndWait(member.id(), left);
        turns.took(organization(member));
        if (fits.getAsBoolean()) return true;
      }
      return false;
    } finally {
      oneAtATime.unlock();
    }
  }

  private static String organization(InstanceView member) {
    return member.profile().organizationId();
  }
}
