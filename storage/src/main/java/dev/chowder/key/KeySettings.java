package dev.chowder.key;

import static dev.chowder.base.ErrorText.must;

import com.typesafe.config.Config;
import java.time.Duration;

/**
 * Settings of the cache and the number of keys.
 *
 * @param cacheTime how long a node caches a valid key; at most 1 s, since a revocation must be
 *     effective within 1 s
 * @param cacheSize maximum size of the cache: one per key, and one more per instance in a key's
 *     scope
 * @param maxPerOrganization maximum number of an organization's active scoped keys; as many
 *     inactive ones are kept
 */
public record KeySettings(Duration cacheTime, int cacheSize, int maxPerOrganization) {
  private static final Duration MAX_CACHE_TIME = Duration.ofSeconds(1);

  public KeySettings {
    if (cacheTime.compareTo(MAX_CACHE_TIME) > 0) {
      throw new IllegalArgumentException(
          must("chowder.key.cache-time", "be at most " + MAX_CACHE_TIME, cacheTime));
    }
  }

  /**
   * Reads {@code chowder.key}.
   *
   * @param root the whole configuration
   */
  public static KeySettings from(Config root) {
    Config key = root.getConfig("chowder.key");
    return new KeySettings(
        key.getDuration("cache-time"),
        key.getInt("cache-size"),
        key.getInt("max-per-organization"));
  }
}
