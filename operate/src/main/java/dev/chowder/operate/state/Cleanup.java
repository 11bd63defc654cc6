package dev.chowder.operate.state;

/** Runs an action once: when it is closed, or when a signal such as Ctrl-C ends the JVM before. */
public final class Cleanup implements AutoCloseable {
  private final Runnable action;
  private final Thread hook = new Thread(this::end, "cleanup");
  private static volatile boolean isEnding;

  private boolean isDone;

  /** Registers the action. */
  public Cleanup(Runnable action) {
    this.action = action;
    Runtime.getRuntime().addShutdownHook(hook);
  }

  @Override
  public void close() {
    run();
    try {
      var _ = Runtime.getRuntime().removeShutdownHook(hook);
    } catch (IllegalStateException ending) {
      // The JVM ends, and the hook does nothing.
      return;
    }
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
