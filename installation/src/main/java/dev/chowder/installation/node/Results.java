package dev.chowder.installation.node;

import dev.chowder.cli.failure.CommandException;
import dev.chowder.cli.failure.ExitCode;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;

/** Results of work in other threads. */
final class Results {
  private Results() {}

  /** Waits for the work, and throws the exception with which it failed. */
  static void of(Future<?> work) {
    try {
      var _ = work.get();
    } catch (InterruptedException interrupted) {
      Thread.currentThread().interrupt();
      throw new CommandException(ExitCode.INTERRUPTED, "interrupted", interrupted);
    } catch (ExecutionException failed) {
      if (failed.getCause() instanceof RuntimeException cause) throw cause;
      throw new IllegalStateException(failed);
    }
  }
}
