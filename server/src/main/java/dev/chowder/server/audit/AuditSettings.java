package dev.chowder.server.audit;

import dev.chowder.settings.Section;
import dev.chowder.settings.Setting;
import java.time.Duration;

/**
 * Limits of the audit table; {@code reference.conf} contains the defaults.
 *
 * @param retention retention time of an entry
 * @param maxRows maximum number of entries, without those of operators' calls
 * @param maxRowsOfOne maximum number of entries of one organization
 * @param maxOperatorRows maximum number of entries of operators' calls
 * @param cleanupInterval time between two deletions of old entries
 * @param flushInterval period in which equal calls, and failed authentications of an address, share
 *     an entry
 * @param maxAddresses maximum number of addresses that are counted separately in one period
 * @param maxEntries maximum number of entries in a node's memory during that period
 * @param maxOperatorEntries maximum number of different operators' calls that are recorded with
 *     their ids in one period
 */
@Section("chowder.audit")
public record AuditSettings(
    Duration retention,
    int maxRows,
    @Setting("max-rows-per-organization") int maxRowsOfOne,
    int maxOperatorRows,
    Duration cleanupInterval,
    Duration flushInterval,
    int maxAddresses,
    int maxEntries,
    int maxOperatorEntries) {}
