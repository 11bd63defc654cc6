package dev.chowder.sleep;

import dev.chowder.settings.Section;
import java.time.Duration;

/**
 * How gateways sleep; {@code reference.conf} describes each.
 *
 * @param freeze whether a stop freezes a gateway instead of ending it
 * @param suspendTimeout time in which a gateway must finish its work before it is frozen; otherwise
 *     it is ended
 * @param wakeTimeout time in which a thawed gateway must admit messages and, after a sleep longer
 *     than {@code checkFirstAge}, be able to use its databases; otherwise it is booted. Also the
 *     limit of each check after a start
 * @param maxConcurrentWakes maximum number of gateways that wake at once on this node, and of those
 *     that are checked at once after a start
 * @param checkFirstAge longest sleep after which a start does not wait for the check of the
 *     databases
 * @param checkDelay time from such a start to the check, and between two checks
 */
@Section("chowder.effect.sleep")
public record SleepSettings(
    boolean freeze,
    Duration suspendTimeout,
    Duration wakeTimeout,
    int maxConcurrentWakes,
    Duration checkFirstAge,
    Duration checkDelay) {
  public SleepSettings {
    // By default two per processor, as for boots.
    if (maxConcurrentWakes == 0)
      maxConcurrentWakes = 2 * Runtime.getRuntime().availableProcessors();
  }
}
