package dev.chowder.installation.aot;

/** Runs an action once: when it is closed, or when a signal such as Ctrl-C ends the JVM before. */
final class Cleanup implements AutoCloseable {
  private final Runnable action;
  private final Thread hook = new Thread(this::end, "cleanup");
  private static volatile boolean isEnding;

  private boolean isDone;

  Cleanup(Runnable action) {
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
  static boolean isEnding() {
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
