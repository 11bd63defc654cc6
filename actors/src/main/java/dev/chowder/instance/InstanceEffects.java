package dev.chowder.instance;

import java.time.Duration;
import java.util.function.Consumer;

/** Takes over what an instance owes the outside world, without blocking. */
@FunctionalInterface
public interface InstanceEffects {
  /**
   * Does the work, or nothing if the same work is under way already; work of this instance that
   * differs is given up first.
   *
   * @param report where the outcome goes; nothing is reported for work that was given up
   */
  void dispatch(InstanceId id, InstanceEffect effect, Consumer<InstanceCommand.Report> report);

  /**
   * Returns how long the current work for this instance has been running, by the monotonic clock;
   * zero while none runs, including while it waits for its turn.
   */
  default Duration underWay(InstanceId id) {
    return Duration.ZERO;
  }
}
