package dev.chowder.operate.state;

import dev.chowder.cli.failure.Interruption;

/** Runs an action once: when it is closed, or when a signal such as Ctrl-C ends the JVM before. */
public final class Cleanup implements AutoCloseable {
  private final Runnable action;
  private final Interruption interruption = Interruption.runs(this::end);
  private static volatile boolean isEnding;

  private boolean isDone;

  /** Registers the action. */
  public Cleanup(Runnable action) {
    this.action = action;
  }

  @Override
  public void close() {
    run();
    interruption.close();
  }

  /** Returns whether a signal ends the JVM. */
  public static boolean isEnding() {
    return isEnding;
  }

  private void end() {
    isEnding = true;
    run();
  }

  /** The JVM waits for the hook, which waits here for an action that has begun. */
  private synchronized void run() {
    if (isDone) return;
    isDone = true;
    action.run();
  }
}
