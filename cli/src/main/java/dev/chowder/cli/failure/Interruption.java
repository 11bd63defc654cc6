package dev.chowder.cli.failure;

/**
 * Runs an action if the user interrupts the command before this is closed. A signal ends the JVM
 * without its {@code finally} blocks.
 */
public final class Interruption implements AutoCloseable {
  private final Thread hook;

  private Interruption(Thread hook) {
    this.hook = hook;
  }

  /** Registers an action, which must be short and must not fail. */
  public static Interruption runs(Runnable action) {
    var hook = new Thread(action, "interruption");
    Runtime.getRuntime().addShutdownHook(hook);
    return new Interruption(hook);
  }

  @Override
  public void close() {
    try {
      var _ = Runtime.getRuntime().removeShutdownHook(hook);
    } catch (IllegalStateException interrupted) {
      // The JVM ends, and runs the action.
      return;
    }
  }
}
