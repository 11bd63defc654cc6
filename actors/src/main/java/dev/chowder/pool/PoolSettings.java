package dev.chowder.pool;

import static dev.chowder.base.ErrorText.must;

import com.typesafe.config.Config;
import dev.chowder.settings.Setting;
import dev.chowder.settings.SettingsBinder;
import java.time.Duration;

/**
 * How many pool members are kept; {@code reference.conf} describes each.
 *
 * @param maxSize maximum number of members of one organization; 0 disables the pool
 * @param memoryShare share of the host's memory that all members together may take
 * @param lowMemory share of the host's memory; if less is available, no members are kept
 * @param memberBytes memory that one member is expected to take
 * @param maxAge age at which a member is replaced
 * @param keepFor time after the last create of a model for which members are kept
 * @param calm time after a create of its organization in which no member boots
 * @param maxWait time after which a missing member boots even if callers create instances
 * @param maxWarming maximum number of members that boot at once
 * @param checkEvery interval between two checks
 * @param retryMin pause after a member could not be provisioned; doubles with each failure
 * @param retryMax longest such pause
 * @param batch maximum number of rows in one query
 */
public record PoolSettings(
    int maxSize,
    double memoryShare,
    @Setting("chowder.sleep.low-memory") double lowMemory,
    @Setting("chowder.host.gateway-memory") long memberBytes,
    Duration maxAge,
    Duration keepFor,
    Duration calm,
    Duration maxWait,
    int maxWarming,
    Duration checkEvery,
    Duration retryMin,
    Duration retryMax,
    int batch) {
  public PoolSettings {
    requirePositive("chowder.pool.check-every", checkEvery);
    requirePositive("chowder.pool.max-age", maxAge);
  }

  private static void requirePositive(String setting, Duration value) {
    if (value.isPositive()) return;
    throw new IllegalArgumentException(must(setting, "be greater than 0", value));
  }

  /** Reads {@code chowder.pool}. */
  public static PoolSettings of(Config root) {
    return SettingsBinder.bind(root, "chowder.pool", PoolSettings.class);
  }

  /** Returns whether creates may find members. */
  public boolean isEnabled() {
    return maxSize > 0;
  }
}
