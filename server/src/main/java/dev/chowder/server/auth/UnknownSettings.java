package dev.chowder.server.auth;

import dev.chowder.settings.Section;
import dev.chowder.settings.Setting;
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
@Section("chowder.unknown")
public record UnknownSettings(
    int perSecond,
    int burst,
    @Setting("max-addresses") int addresses,
    @Setting("max-values") int values,
    Duration cacheMaxAge) {}
