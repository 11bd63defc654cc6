package dev.chowder.server;

import com.typesafe.config.Config;
import dev.chowder.settings.Setting;
import dev.chowder.settings.SettingsBinder;
import java.time.Duration;

/**
 * Settings of single values that {@link ServiceStep} passes on; {@code reference.conf} describes
 * each.
 *
 * @param maxWaitingEffects number of waiting effects from which on creates and starts are rejected
 * @param maxOpenLogs maximum number of open log streams
 * @param configChangeTries maximum number of computations of one change of a configuration
 * @param configChangeTimeout maximum time for which such a change waits for others
 * @param revocationPoll interval at which the keys of open streams are checked
 * @param recordEvery interval at which missing records of revocations are written
 * @param sessionVisibilityRetry pause before each try to upgrade keys of earlier versions
 * @param deletionRetryEvery interval at which incomplete deletions of organizations are retried
 * @param deletionSlotLimit maximum time for which a deletion waits for slots
 */
record ServiceSettings(
    @Setting("effect.max-waiting") int maxWaitingEffects,
    @Setting("logs.max-open") int maxOpenLogs,
    @Setting(value = "instance.config-change-tries", min = "1") int configChangeTries,
    @Setting("instance.config-change-timeout") Duration configChangeTimeout,
    @Setting("key.revocation-poll") Duration revocationPoll,
    @Setting("key.record-every") Duration recordEvery,
    @Setting("key.session-visibility-retry") Duration sessionVisibilityRetry,
    @Setting("deletion.retry-every") Duration deletionRetryEvery,
    @Setting("deletion.slot-limit") Duration deletionSlotLimit) {
  static ServiceSettings of(Config root) {
    return SettingsBinder.bind(root, "chowder", ServiceSettings.class);
  }
}
