package dev.chowder.pool;

import static dev.chowder.base.ErrorText.must;

import dev.chowder.settings.Section;
import dev.chowder.settings.Setting;
import java.time.Duration;

/**
 * How many pool members are kept; {@code reference.conf} describes each.
 *
 * @param maxSize maximum number of members of one organization; 0 disables the pool
 * @param memoryShare share of the host's memory that all members together may take
 * @param lowMemory share of the host's memory; if less is available, no members are kept
 * @param memberBytes memory that one member is expected to take
 * @param maxAge age at which a member is replaced
 * @param retention time after the last create of a model for which members are kept
 * @param idleTimeout time after the last create of an organization, after which its members give
 *     way to an organization that creates
 * @param bootDelay time after a create of its organization in which no member boots
 * @param maxBootDelay time after which a missing member boots even if callers create instances
 * @param maxConcurrent maximum number of members that boot at once
 * @param checkInterval interval between two checks
 * @param minRetryDelay pause after a member could not be provisioned; doubles with each failure
 * @param maxRetryDelay longest such pause
 * @param maxBatchSize maximum number of rows in one query
 */
@Section("chowder.pool")
public record PoolSettings(
    int maxSize,
    double memoryShare,
    @Setting("chowder.sleep.low-memory") double lowMemory,
    @Setting("chowder.host.gateway-memory") long memberBytes,
    Duration maxAge,
    Duration retention,
    Duration idleTimeout,
    Duration bootDelay,
    Duration maxBootDelay,
    int maxConcurrent,
    Duration checkInterval,
    Duration minRetryDelay,
    Duration maxRetryDelay,
    int maxBatchSize) {
  public PoolSettings {
    if (!maxAge.isPositive()) {
      throw new IllegalArgumentException(must("chowder.pool.max-age", "be greater than 0", maxAge));
    }
  }

  /** Returns whether creates may find members. */
  public boolean isEnabled() {
    return maxSize > 0;
  }
}
