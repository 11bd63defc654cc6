package dev.chowder.cli.instance;

import java.time.Duration;

/**
 * The end of a wait, by a clock that never jumps.
 *
 * @param time the whole time of the wait
 * @param end in nanoseconds of that clock
 */
public record Deadline(Duration time, long end) {
  public static Deadline after(Duration time) {
    return new Deadline(time, System.nanoTime() + time.toNanos());
  }

  public boolean isOver() {
    return end - System.nanoTime() <= 0;
  }

  /** Returns the time that is left, but at most this; zero if the wait is over. */
  public Duration left(Duration most) {
    var left = Duration.ofNanos(Math.max(0, end - System.nanoTime()));
    return left.compareTo(most) < 0 ? left : most;
  }
}
