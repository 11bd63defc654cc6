package dev.chowder.operate.state;

import dev.chowder.cli.failure.CommandException;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;

/** Results of work in other threads. */
public final class Results {
  private Results() {}

  /** Waits for the work, and throws the exception with which it failed. */
  public static void of(Future<?> work) {
    try {
      var _ = work.get();
    } catch (InterruptedException interrupted) {
      throw CommandException.interrupted(interrupted);
    } catch (ExecutionException failed) {
      switch (failed.getCause()) {
        case RuntimeException failure -> throw failure;
        case Error fatal -> throw fatal;
        case null, default -> throw new IllegalStateException(failed);
      }
    }
  }
}
