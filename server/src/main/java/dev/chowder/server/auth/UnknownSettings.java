package dev.chowder.server.auth;

import com.typesafe.config.Config;
import java.time.Duration;

/**
 * Limits for keys and host names that do not exist; {@code reference.conf} gives the reasons.
 *
 * @param perSecond attempts with unknown values per second from one client address
 * @param burst maximum number of attempts at once
 * @param addresses maximum number of addresses in memory
 * @param values maximum number of cached values, for unknown and for known values of each kind
 * @param cacheTime how long a value counts as unknown without another lookup
 */
public record UnknownSettings(
    int perSecond, int burst, int addresses, int values, Duration cacheTime) {
  /** Reads {@code chowder.unknown}. */
  public static UnknownSettings of(Config root) {
    var config = root.getConfig("chowder.unknown");
    return new UnknownSettings(
        config.getInt("per-second"),
        config.getInt("burst"),
        config.getInt("max-addresses"),
        config.getInt("max-values"),
        config.getDuration("cache-time"));
  }
}
