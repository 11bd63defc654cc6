package dev.chowder.server.rate;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.function.LongSupplier;

/**
 * Decides whether organizations contend for this node. For an organization there is contention in
 * two cases: all others together use much of the node, or the organization has many calls in
 * progress and others use the node at all.
 *
 * <p>Measures use in calls, as {@link RateLimit} counts them, in an exponentially decaying sum:
 * after one window a call still counts for 1/e (37 %). An organization that calls at a steady rate
 * reaches that rate times the window. A rejected call does not count as use, so do not add it.
 */
final class Contention {
  /** The remainder of one call after the window. */
  private static final double ONE_CALL_AGO = Math.exp(-1);

  /** After this many windows without a call, every sum is practically zero. */
  private static final int WINDOWS_REMEMBERED = 20;

  private final double windowNanos;
  private final double much;
  private final int callsInProgress;
  private final LongSupplier nanoTime;
  private final Cache<String, Use> uses;
  private final Map<String, Integer> inProgress = new HashMap<>();
  private final Use all;

  /**
   * Creates a measurement that has seen no call.
   *
   * @param window time over which use is averaged
   * @param callsPerSecond use by all other organizations from which a node is contended, as an
   *     average over the window; 0 if any call makes it contended
   * @param callsInProgress calls in progress of an organization above which any use by others is
   *     contention
   * @param maxOrganizations maximum number of organizations whose use is kept; the use of others
   *     counts for all organizations
   * @param nanoTime the monotonic clock, in nanoseconds
   */
  Contention(
      Duration window,
      int callsPerSecond,
      int callsInProgress,
      int maxOrganizations,
      LongSupplier nanoTime) {
    this.windowNanos = window.toNanos();
    this.much =
        Math.max(ONE_CALL_AGO, callsPerSecond * windowNanos / Duration.ofSeconds(1).toNanos());
    this.callsInProgress = callsInProgress;
    this.nanoTime = nanoTime;
    this.uses =
        Caffeine.newBuilder()
            .maximumSize(maxOrganizations)
            .expireAfterAccess(window.multipliedBy(WINDOWS_REMEMBERED))
            .build();
    this.all = new Use();
  }

  /** A decaying sum of calls. */
  private final class Use {
    private double calls;
    private long at = nanoTime.getAsLong();

    double at(long now) {
      calls *= Math.exp((at - now) / windowNanos);
      at = now;
      return calls;
    }

    void add(int more, long now) {
      calls = at(now) + more;
    }
  }

  /** Starts a call. It is in progress until {@link #end}, also while its rejection is delayed. */
  synchronized void begin(String organization) {
    inProgress.merge(organization, 1, Integer::sum);
  }

  /** Ends a call that {@link #begin} started. */
  synchronized void end(String organization) {
    inProgress.computeIfPresent(organization, (_, calls) -> calls == 1 ? null : calls - 1);
  }

  /** Returns whether others contend with this organization for the node now. */
  synchronized boolean isContended(String organization) {
    long now = nanoTime.getAsLong();
    var own = uses.getIfPresent(organization);
    double others = all.at(now) - (own == null ? 0 : own.at(now));
    boolean many = inProgress.getOrDefault(organization, 0) > callsInProgress;
    return others >= (many ? ONE_CALL_AGO : much);
  }

  /**
   * Adds what an organization used.
   *
   * @param calls below 0 if earlier calls cost less than was added for them
   */
  synchronized void add(String organization, int calls) {
    long now = nanoTime.getAsLong();
    uses.get(organization, _ -> new Use()).add(calls, now);
    all.add(calls, now);
  }
}
