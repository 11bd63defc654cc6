package dev.chowder.sleep;

import static dev.chowder.base.ErrorText.must;

import com.typesafe.config.Config;
import dev.chowder.settings.SettingsBinder;
import java.time.Duration;

/**
 * When sleeping gateways move to a deeper level; {@code reference.conf} describes each.
 *
 * @param checkEvery interval between two checks of all sleeping gateways
 * @param pageOutAfter age of a sleep after which its memory goes to swap
 * @param deepSleepAfter age of a sleep after which the gateway ends
 * @param lowMemory share of the host's memory; memory is short if less is available
 * @param stallPercent share of time, in percent, in which all tasks of the host wait for memory;
 *     memory is short from this share on. 0 disables it
 * @param deepenLimit maximum time for which one gateway is awaited
 * @param evictLimit maximum time for which a start waits until sleeping gateways free memory
 * @param batch maximum number of rows in one query
 */
public record DeeperSleepSettings(
    Duration checkEvery,
    Duration pageOutAfter,
    Duration deepSleepAfter,
    double lowMemory,
    double stallPercent,
    Duration deepenLimit,
    Duration evictLimit,
    int batch) {
  public DeeperSleepSettings {
    if (!checkEvery.isPositive()) {
      throw new IllegalArgumentException(
          must("chowder.sleep.check-every", "be greater than 0", checkEvery));
    }
  }

  /** Reads {@code chowder.sleep}. */
  public static DeeperSleepSettings of(Config root) {
    return SettingsBinder.bind(root, "chowder.sleep", DeeperSleepSettings.class);
  }
}
