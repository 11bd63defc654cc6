package dev.chowder.effect;

import com.typesafe.config.Config;
import java.time.Duration;

/**
 * How gateways sleep; {@code reference.conf} describes each.
 *
 * @param freeze whether a stop freezes a gateway instead of ending it
 * @param suspendLimit time in which a gateway must finish its work before it is frozen; otherwise
 *     it is ended
 * @param wakeLimit time in which a frozen gateway must admit messages; otherwise it is booted
 */
public record SleepSettings(boolean freeze, Duration suspendLimit, Duration wakeLimit) {
  /** Reads {@code chowder.effect.sleep}. */
  public static SleepSettings of(Config root) {
    var config = root.getConfig("chowder.effect.sleep");
    return new SleepSettings(
        config.getBoolean("freeze"),
        config.getDuration("suspend-limit"),
        config.getDuration("wake-limit"));
  }
}
