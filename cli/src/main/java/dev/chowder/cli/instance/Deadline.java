package dev.chowder.cli.instance;

import java.time.Duration;

/** The end of a wait, by a clock that never jumps. */
public final class Deadline {
  private final long end;

  private Deadline(long end) {
    this.end = end;
  }

  public static Deadline after(Duration time) {
    return new Deadline(System.nanoTime() + time.toNanos());
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
