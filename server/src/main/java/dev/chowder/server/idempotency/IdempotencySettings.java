package dev.chowder.server.idempotency;

import com.typesafe.config.Config;
import dev.chowder.settings.SettingsBinder;
import java.time.Duration;

/**
 * Times of idempotency keys. {@code reference.conf} gives the reasons.
 *
 * @param keep time for which a result is returned again
 * @param lease time after which a call that does not renew its claim counts as dead
 * @param patience time for which a duplicate waits for the result of the first call
 * @param poll time between two queries if the first call is on another node
 * @param sweepEvery time between two deletions of expired rows
 * @param sweepBatch maximum number of rows in one deletion
 */
public record IdempotencySettings(
    Duration keep,
    Duration lease,
    Duration patience,
    Duration poll,
    Duration sweepEvery,
    int sweepBatch) {

  /** Reads {@code chowder.idempotency}. */
  public static IdempotencySettings of(Config root) {
    return SettingsBinder.bind(root, "chowder.idempotency", IdempotencySettings.class);
  }
}
