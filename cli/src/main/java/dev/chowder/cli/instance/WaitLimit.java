package dev.chowder.cli.instance;

import java.time.Duration;

/**
 * The limit of a command that waits, for all instances together.
 *
 * @param time the value of {@code --timeout}
 */
record WaitLimit(Duration time, Deadline deadline) {
  /** Begins a wait. */
  static WaitLimit begin(Duration time) {
    return new WaitLimit(time, Deadline.after(time));
  }
}
