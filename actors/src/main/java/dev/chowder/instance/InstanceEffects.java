package dev.chowder.instance;

import dev.chowder.sandbox.HomeRef;
import java.time.Duration;
import java.util.Optional;
import java.util.function.Consumer;

/** Performs the pending effects of instances without blocking their actors. */
@FunctionalInterface
public interface InstanceEffects {
  /**
   * Starts the effect, unless it is already running. Other work of this instance is canceled first.
   *
   * @param home the home volume of the instance; empty if the journal does not name it
   * @param report receives the outcome; canceled work reports nothing
   */
  void dispatch(
      InstanceId id,
      Optional<HomeRef> home,
      InstanceEffect effect,
      Consumer<InstanceCommand.Report> report);

  /** Starts the effect of an instance whose journal names no home volume. */
  default void dispatch(
      InstanceId id, InstanceEffect effect, Consumer<InstanceCommand.Report> report) {
    dispatch(id, Optional.empty(), effect, report);
  }

  /**
   * Returns how long the current effect of this instance has been running, by the monotonic clock.
   * Zero if no effect runs, for example while it waits for capacity.
   */
  default Duration runningFor(InstanceId id) {
    return Duration.ZERO;
  }
}
