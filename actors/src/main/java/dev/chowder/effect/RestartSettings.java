package dev.chowder.effect;

import com.typesafe.config.Config;
import java.time.Duration;
import java.time.Instant;
import java.util.List;

/**
 * When a gateway that was lost is started again; {@code reference.conf} says what each is for.
 *
 * @param delays how long the first, the second, ... start after engine losses waits; the last holds
 *     for all further ones
 * @param forgetAfter how long an engine loss counts
 * @param spacing time between two starts after engine losses
 * @param memoryRetry how often a start that lacks host memory asks again
 */
public record RestartSettings(
    List<Duration> delays, Duration forgetAfter, Duration spacing, Duration memoryRetry) {

  public RestartSettings {
    delays = List.copyOf(delays);
    if (delays.isEmpty()) {
      throw new IllegalArgumentException(
          "chowder.effect.restart.delays: must have at least 1 element; got 0");
    }
  }

  /** Reads {@code chowder.effect.restart}. */
  public static RestartSettings of(Config root) {
    var config = root.getConfig("chowder.effect.restart");
    return new RestartSettings(
        config.getDurationList("delays"),
        config.getDuration("forget-after"),
        config.getDuration("processor-time").dividedBy(Runtime.getRuntime().availableProcessors()),
        config.getDuration("memory-retry"));
  }

  /**
   * Returns how long a start waits.
   *
   * @param engineLosses when the gateway was lost with its engine, the newest last; empty if it was
   *     lost otherwise
   */
  Duration delay(List<Instant> engineLosses) {
    if (engineLosses.isEmpty()) return Duration.ZERO;
    var counted = engineLosses.getLast().minus(forgetAfter);
    int recent = (int) engineLosses.stream().filter(at -> !at.isBefore(counted)).count();
    return delays.get(Math.min(recent, delays.size()) - 1);
  }
}
