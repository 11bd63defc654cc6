package dev.chowder.key;

import dev.chowder.settings.Section;
import dev.chowder.settings.Setting;
import java.time.Duration;

/**
 * Settings of the cache and the number of keys.
 *
 * @param cacheMaxAge how long a node caches a valid key; at most 1 s, since a revocation must be
 *     effective within 1 s
 * @param maxCached maximum size of the cache: one per key, and one more per instance in a key's
 *     scope
 * @param maxPerOrganization maximum number of an organization's active scoped keys; as many
 *     inactive ones are kept
 */
@Section("chowder.key")
public record KeySettings(
    @Setting(max = "1s") Duration cacheMaxAge, int maxCached, int maxPerOrganization) {}
