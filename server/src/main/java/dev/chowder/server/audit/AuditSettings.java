package dev.chowder.server.audit;

import com.typesafe.config.Config;
import java.time.Duration;

/**
 * The limits of the audit table; {@code reference.conf} gives the defaults.
 *
 * @param keep how long an entry is kept
 * @param maxRows how many entries are kept, without those of operators' calls
 * @param maxRowsOfOne how many entries of one organization are kept
 * @param maxOperatorRows how many entries of operators' calls are kept
 * @param cleanEvery time between two deletions of old entries
 * @param flushEvery the period for which equal calls, and failed authentications of an address,
 *     share an entry
 * @param addresses how many addresses are counted separately in one period
 * @param entries how many entries of reads a node remembers for that period
 * @param operatorEntries how many different operators' calls have an entry with their ids in one
 *     period
 */
public record AuditSettings(
    Duration keep,
    int maxRows,
    int maxRowsOfOne,
    int maxOperatorRows,
    Duration cleanEvery,
    Duration flushEvery,
    int addresses,
    int entries,
    int operatorEntries) {
  /** Reads {@code chowder.audit}. */
  public static AuditSettings of(Config root) {
    var c = root.getConfig("chowder.audit");
    return new AuditSettings(
        c.getDuration("keep"),
        c.getInt("max-rows"),
        c.getInt("max-rows-per-organization"),
        c.getInt("max-operator-rows"),
        c.getDuration("clean-every"),
        c.getDuration("flush-every"),
        c.getInt("addresses"),
        c.getInt("entries"),
        c.getInt("operator-entries"));
  }
}
