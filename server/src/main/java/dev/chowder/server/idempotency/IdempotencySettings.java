package dev.chowder.server.idempotency;

import com.typesafe.config.Config;
import java.time.Duration;

/**
 * How long keys are kept and waited for; {@code reference.conf} says what each value is for.
 *
 * @param keep how long an answer is given again
 * @param lease how long a maker of whom nothing is heard is taken for alive
 * @param patience how long a duplicate waits for the first call's answer
 * @param poll how often it looks, where the first call is another node's
 * @param sweepEvery how often expired rows are removed
 * @param sweepBatch how many at once
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
    var config = root.getConfig("chowder.idempotency");
    return new IdempotencySettings(
        config.getDuration("keep"),
        config.getDuration("lease"),
        config.getDuration("patience"),
        config.getDuration("poll"),
        config.getDuration("sweep-every"),
        config.getInt("sweep-batch"));
  }
}
