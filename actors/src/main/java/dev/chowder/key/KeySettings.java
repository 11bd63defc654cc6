package dev.chowder.key;

import com.typesafe.config.Config;
import java.time.Duration;

/**
 * How long a key that was found may be believed without asking the database again, and how many
 * there may be.
 *
 * @param cacheTime at most 1 s: the contract for a revocation
 * @param cacheSize keys, and instances that scoped ones name
 * @param maxPerOrganization scoped keys that work, and as many that ended
 */
public record KeySettings(Duration cacheTime, int cacheSize, int maxPerOrganization) {
  private static final Duration LONGEST = Duration.ofSeconds(1);

  public KeySettings {
    if (cacheTime.compareTo(LONGEST) > 0) {
      throw new IllegalArgumentException(
          "chowder.key.cache-time: " + cacheTime + " (expected: at most " + LONGEST + ")");
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
