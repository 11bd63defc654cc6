package dev.chowder.server.auth;

import com.typesafe.config.Config;
import dev.chowder.settings.Setting;
import dev.chowder.settings.SettingsBinder;
import java.time.Duration;

/**
 * Limits for keys and host names that do not exist; {@code reference.conf} gives the reasons.
 *
 * @param perSecond attempts with unknown values per second from one client address
 * @param burst maximum number of attempts at once
 * @param addresses maximum number of addresses in memory
 * @param values maximum number of cached values, for unknown and for known values of each kind
 * @param cacheMaxAge how long a value counts as unknown without another lookup
 */
public record UnknownSettings(
    int perSecond,
    int burst,
    @Setting("max-addresses") int addresses,
    @Setting("max-values") int values,
    Duration cacheMaxAge) {
  /** Reads {@code chowder.unknown}. */
  public static UnknownSettings of(Config root) {
    return SettingsBinder.bind(root, "chowder.unknown", UnknownSettings.class);
  }
}
