package dev.chowder.server;

import dev.chowder.settings.Setting;
import java.time.Duration;

/**
 * Settings of single values that {@link ServiceStep} passes on; {@code reference.conf} describes
 * each.
 *
 * @param maxWaitingEffects number of waiting effects from which on creates and starts are rejected
 * @param maxOpenLogs maximum number of open log streams
 * @param maxConfigChangeTries maximum number of computations of one change of a configuration
 * @param configChangeTimeout maximum time for which such a change waits for others
 * @param maxEventBytesPerDay maximum bytes of events that callers of one organization cause in a
 *     day
 * @param revocationPollInterval interval at which the keys of open streams are checked
 * @param recordInterval interval at which missing records of revocations are written
 * @param deletionRetryInterval interval at which incomplete deletions of organizations are retried
 * @param deletionSlotTimeout maximum time for which a deletion waits for slots
 */
record ServiceSettings(
    @Setting("effect.max-waiting") int maxWaitingEffects,
    @Setting("logs.max-open") int maxOpenLogs,
    @Setting(value = "instance.max-config-change-tries", min = "1") int maxConfigChangeTries,
    @Setting("instance.config-change-timeout") Duration configChangeTimeout,
    @Setting("instance.max-event-bytes-per-day") long maxEventBytesPerDay,
    @Setting("key.revocation-poll-interval") Duration revocationPollInterval,
    @Setting("key.record-interval") Duration recordInterval,
    @Setting("deletion.retry-interval") Duration deletionRetryInterval,
    @Setting("deletion.slot-timeout") Duration deletionSlotTimeout) {}
