package dev.chowder.server.call;

import com.typesafe.config.Config;

/**
 * How many calls an organization may make on one node; {@code reference.conf} gives the reasons.
 *
 * @param perSecond calls that become free again each second
 * @param burst calls that may be made at once after a pause
 * @param organizations how many are remembered; beyond it the one unheard of for longest begins
 *     anew
 */
public record RateSettings(int perSecond, int burst, int organizations) {
  /** Reads {@code chowder.rate}. */
  public static RateSettings of(Config root) {
    var config = root.getConfig("chowder.rate");
    return new RateSettings(
        config.getInt("requests-per-second"),
        config.getInt("burst"),
        config.getInt("organizations"));
  }
}
