package dev.chowder.server.rate;

import static dev.chowder.base.ErrorText.must;

import com.typesafe.config.Config;
import dev.chowder.server.auth.RejectionDelay;
import dev.chowder.settings.Setting;
import dev.chowder.settings.SettingsBinder;
import java.time.Duration;

/**
 * Limits of the rate of calls on one node. {@code reference.conf} gives the reasons.
 *
 * @param calls limit of one organization under contention
 * @param aloneFactor how many times {@code calls} applies without contention
 * @param contentionCallsPerSecond use by all other organizations from which there is contention
 * @param contentionCallsInProgress calls in progress of one organization above which any use by
 *     others is contention
 * @param contentionWindow time over which that use is averaged
 * @param burstSpread time over which a full burst starts; zero disables it
 * @param changeCost calls that a mutating call counts for
 * @param answerBytes bytes of a response that count as one call
 * @param refusalDelay delay of a rejection
 * @param maxDelayed maximum number of delayed rejections; more are sent at once
 * @param signUps limit of one address
 * @param events limit of Stripe's events from one address
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
   * A token bucket for each of many callers.
   *
   * @param refill calls that are added in each {@code per}
   * @param burst calls at once after a pause
   * @param remembered maximum number of buckets; beyond it the caller that was seen least recently
   *     gets a full bucket
   */
  public record Bound(int refill, Duration per, int burst, int remembered) {
    /** Returns a limit that allows this many times as many calls. */
    Bound times(int factor) {
      return new Bound(
          Math.multiplyExact(refill, factor), per, Math.multiplyExact(burst, factor), remembered);
    }
  }

  private record Values(
      int requestsPerSecond,
      int burst,
      int maxOrganizations,
      @Setting(min = "1") int aloneFactor,
      int contentionCallsPerSecond,
      int contentionCallsInProgress,
      Duration contentionWindow,
      Duration burstSmoothingWindow,
      int changeCost,
      int responseBytesPerCall,
      Duration maxRejectionDelay,
      int maxDelayed,
      int signUpsPerHour,
      int signUpBurst,
      int eventsPerSecond,
      int eventBurst,
      int maxAddresses) {}

  public RateSettings {
    if (changeCost < 1 || changeCost > calls.burst()) {
      throw new IllegalArgumentException(
          must(
              "chowder.rate.change-cost",
              "be 1 to chowder.rate.burst, %d".formatted(calls.burst()),
              changeCost));
    }
  }

  /** Returns a new delay for rejections with these settings. */
  public RejectionDelay rejectionDelay() {
    return new RejectionDelay(refusalDelay, maxDelayed);
  }

  /** Reads {@code chowder.rate}. */
  public static RateSettings of(Config root) {
    var values = SettingsBinder.bind(root, "chowder.rate", Values.class);
    var second = Duration.ofSeconds(1);
    var hour = Duration.ofHours(1);
    return new RateSettings(
        new Bound(values.requestsPerSecond, second, values.burst, values.maxOrganizations),
        values.aloneFactor,
        values.contentionCallsPerSecond,
        values.contentionCallsInProgress,
        values.contentionWindow,
        values.burstSmoothingWindow,
        values.changeCost,
        values.responseBytesPerCall,
        values.maxRejectionDelay,
        values.maxDelayed,
        new Bound(values.signUpsPerHour, hour, values.signUpBurst, values.maxAddresses),
        new Bound(values.eventsPerSecond, second, values.eventBurst, values.maxAddresses));
  }
}
