package dev.chowder.server.audit;

import com.typesafe.config.Config;
import dev.chowder.settings.Setting;
import dev.chowder.settings.SettingsBinder;
import java.time.Duration;

/**
 * Limits of the audit table; {@code reference.conf} contains the defaults.
 *
 * @param keep retention time of an entry
 * @param maxRows maximum number of entries, without those of operators' calls
 * @param maxRowsOfOne maximum number of entries of one organization
 * @param maxOperatorRows maximum number of entries of operators' calls
 * @param cleanEvery time between two deletions of old entries
 * @param flushEvery period in which equal calls, and failed authentications of an address, share an
 *     entry
 * @param addresses maximum number of addresses that are counted separately in one period
 * @param entries maximum number of entries in a node's memory during that period
 * @param operatorEntries maximum number of different operators' calls that are recorded with their
 *     ids in one period
 */
public record AuditSettings(
    Duration keep,
    int maxRows,
    @Setting("max-rows-per-organization") int maxRowsOfOne,
    int maxOperatorRows,
    Duration cleanEvery,
    Duration flushEvery,
    int addresses,
    int entries,
    int operatorEntries) {
  /** Reads {@code chowder.audit}. */
  public static AuditSettings of(Config root) {
    return SettingsBinder.bind(root, "chowder.audit", AuditSettings.class);
  }
}
