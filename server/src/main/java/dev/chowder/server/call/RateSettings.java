package dev.chowder.server.call;

import com.typesafe.config.Config;
import dev.chowder.server.auth.RejectionDelay;
import java.time.Duration;

/**
 * How many calls may be made on one node; {@code reference.conf} gives the reasons.
 *
 * @param calls of one organization under contention
 * @param aloneFactor how many times {@code calls} applies without contention
 * @param contentionCallsPerSecond use of all others together from which on there is contention
 * @param contentionCallsInProgress of one organization above which any use of others is contention
 * @param contentionWindow over which that use is averaged
 * @param burstSpread time over which calls that came at once are started
 * @param changeCost how many calls a mutating call counts for
 * @param answerBytes bytes of a response that count as one more call
 * @param refusalDelay how long a rejection waits before it is sent
 * @param maxDelayed rejections that wait at once; beyond it they are sent immediately
 * @param signUps from one client's address
 * @param events of Stripe, from one address
 */
public record RateSettings(
    Bound calls,
    int aloneFactor,
    int contentionCallsPerSecond,
    int contentionCallsInProgress,
    Duration contentionWindow,
    Duration burstSpread,
    int changeCost,
    int answerBytes,
    Duration refusalDelay,
    int maxDelayed,
    Bound signUps,
    Bound events) {
  /**
   * One bound, for each of many.
   *
   * @param refill calls that become free again in each {@code per}
   * @param burst calls that may be made at once after a pause
   * @param remembered how many of those it holds for; beyond it the least recently seen one gets a
   *     full bucket
   */
  public record Bound(int refill, Duration per, int burst, int remembered) {
    /** Returns a limit that allows this many times as many calls. */
    Bound times(int factor) {
      return new Bound(
          Math.multiplyExact(refill, factor), per, Math.multiplyExact(burst, factor), remembered);
    }
  }

  public RateSettings {
    atLeast("alone-factor", 1, aloneFactor);
    atLeast("contention-calls-per-second", 0, contentionCallsPerSecond);
    atLeast("contention-calls-in-progress", 0, contentionCallsInProgress);
    if (changeCost < 1 || changeCost > calls.burst()) {
      throw new IllegalArgumentException(
          "chowder.rate.change-cost: %d (expected: 1 to chowder.rate.burst, %d)"
              .formatted(changeCost, calls.burst()));
    }
  }

  private static void atLeast(String setting, int least, int value) {
    if (value < least) {
      throw new IllegalArgumentException(
          "chowder.rate.%s: must be at least %d; got %d".formatted(setting, least, value));
    }
  }

  /** Returns a new delay for rejections, as these settings say. */
  public RejectionDelay rejectionDelay() {
    return new RejectionDelay(refusalDelay, maxDelayed);
  }

  /** Reads {@code chowder.rate}. */
  public static RateSettings of(Config root) {
    var config = root.getConfig("chowder.rate");
    return new RateSettings(
        new Bound(
            config.getInt("requests-per-second"),
            Duration.ofSeconds(1),
            config.getInt("burst"),
            config.getInt("organizations")),
        config.getInt("alone-factor"),
        config.getInt("contention-calls-per-second"),
        config.getInt("contention-calls-in-progress"),
        config.getDuration("contention-window"),
        config.getDuration("burst-spread"),
        config.getInt("change-cost"),
        Math.toIntExact(config.getBytes("answer-bytes")),
        config.getDuration("refusal-delay"),
        config.getInt("max-delayed"),
        new Bound(
            config.getInt("sign-ups-per-hour"),
            Duration.ofHours(1),
            config.getInt("sign-up-burst"),
            config.getInt("addresses")),
        new Bound(
            config.getInt("events-per-second"),
            Duration.ofSeconds(1),
            config.getInt("event-burst"),
            config.getInt("addresses")));
  }
}
