package dev.chowder.sleep;

import dev.chowder.settings.Section;
import java.time.Duration;

/**
 * When sleeping gateways move to a deeper level; {@code reference.conf} describes each.
 *
 * @param checkInterval interval between two checks of all sleeping gateways
 * @param pageOutDelay age of a sleep after which its memory goes to swap
 * @param deepSleepDelay age of a sleep after which the gateway ends
 * @param lowMemory share of the host's memory; memory is short if less is available
 * @param stallPercent share of time, in percent, in which all tasks of the host wait for memory;
 *     memory is short from this share on. 0 disables it
 * @param deepenTimeout maximum time for which one gateway is awaited
 * @param evictTimeout maximum time for which a start waits until sleeping gateways free memory
 * @param maxBatchSize maximum number of rows in one query
 */
@Section("chowder.sleep")
public record DeeperSleepSettings(
    Duration checkInterval,
    Duration pageOutDelay,
    Duration deepSleepDelay,
    double lowMemory,
    double stallPercent,
    Duration deepenTimeout,
    Duration evictTimeout,
    int maxBatchSize) {}
