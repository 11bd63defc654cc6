package dev.chowder.server.call;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import java.time.Duration;
import java.util.function.LongSupplier;

/**
 * Measures how much of this node other organizations use. Counts calls as {@link RateLimit} does,
 * in an exponentially decaying sum: after one window a call still counts for 1/e (37 %). An
 * organization that calls at a steady rate reaches that rate times the window.
 *
 * <p>Rejected calls count for nothing, so they must not be added.
 */
final class Contention {
  /** What is left of one call after the window. */
  private static final double ONE_CALL_AGO = Math.exp(-1);

  /** After so many windows without a call nothing is left of any sum. */
  private static final int WINDOWS_REMEMBERED = 20;

  private final double windowNanos;
  private final double contended;
  private final LongSupplier nanoTime;
  private final Cache<String, Use> uses;
  private final Use all;

  /** How much the others use the node. */
  enum Level {
    /** Others made no call within the window. */
    ALONE,
    /** Others called, but use less than {@code contention-calls-per-second}. */
    LIGHT,
    /** Others use at least that much. */
    CONTENDED
  }

  /**
   * Creates a measurement that has seen no call.
   *
   * @param callsPerSecond use of all others together from which on a node is contended, as an
   *     average over the window; 0 if any call makes it contended
   * @param maxOrganizations how many are remembered; the use of one beyond them counts as others'
   * @param nanoTime the monotonic clock, in nanoseconds
   */
  Contention(Duration window, int callsPerSecond, int maxOrganizations, LongSupplier nanoTime) {
    this.windowNanos = window.toNanos();
    this.contended =
        Math.max(ONE_CALL_AGO, callsPerSecond * windowNanos / Duration.ofSeconds(1).toNanos());
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

  /** Returns how much the others use the node now. */
  synchronized Level besides(String organization) {
    long now = nanoTime.getAsLong();
    var own = uses.getIfPresent(organization);
    double others = all.at(now) - (own == null ? 0 : own.at(now));
    if (others >= contended) return Level.CONTENDED;
    return others >= ONE_CALL_AGO ? Level.LIGHT : Level.ALONE;
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
