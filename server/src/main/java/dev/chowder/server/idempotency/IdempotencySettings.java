package dev.chowder.server.idempotency;

import dev.chowder.settings.Section;
import java.time.Duration;

/**
 * Times of idempotency keys. {@code reference.conf} gives the reasons.
 *
 * @param retention time for which a result is returned again
 * @param leaseTimeout time after which a call that does not renew its claim counts as dead
 * @param resultTimeout time for which a duplicate waits for the result of the first call
 * @param pollInterval time between two queries if the first call is on another node
 * @param cleanupInterval time between two deletions of expired rows
 * @param maxBatchSize maximum number of rows in one deletion
 */
@Section("chowder.idempotency")
public record IdempotencySettings(
    Duration retention,
    Duration leaseTimeout,
    Duration resultTimeout,
    Duration pollInterval,
    Duration cleanupInterval,
    int maxBatchSize) {}
