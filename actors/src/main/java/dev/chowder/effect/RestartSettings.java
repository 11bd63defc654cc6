package dev.chowder.effect;

import static dev.chowder.base.ErrorText.must;

import dev.chowder.settings.Section;
import java.time.Duration;
import java.time.Instant;
import java.util.List;

/**
 * Delays before a lost gateway is started again; {@code reference.conf} describes each.
 *
 * @param delays delays of the first, the second, ... start after engine losses; the last one
 *     applies to all further starts
 * @param engineLossWindow time for which an engine loss counts
 * @param processorTime processor time of one boot, from which {@link #spacing} follows
 * @param memoryRetryInterval interval at which a start that lacks host memory is retried
 */
@Section("chowder.effect.restart")
public record RestartSettings(
    List<Duration> delays,
    Duration engineLossWindow,
    Duration processorTime,
    Duration memoryRetryInterval) {

  public RestartSettings {
    delays = List.copyOf(delays);
    if (delays.isEmpty()) {
      throw new IllegalArgumentException(
          must("chowder.effect.restart.delays", "have at least 1 element", 0));
    }
  }

  /** Returns the time between two starts after engine losses. */
  Duration spacing() {
    return processorTime.dividedBy(Runtime.getRuntime().availableProcessors());
  }

  /**
   * Returns the delay of a start.
   *
   * @param engineLosses times at which the gateway was lost with its engine, the newest last; empty
   *     if it was lost otherwise
   */
  Duration delay(List<Instant> engineLosses) {
    if (engineLosses.isEmpty()) return Duration.ZERO;
    var counted = engineLosses.getLast().minus(engineLossWindow);
    int recent = (int) engineLosses.stream().filter(at -> !at.isBefore(counted)).count();
    return delays.get(Math.min(recent, delays.size()) - 1);
  }
}
