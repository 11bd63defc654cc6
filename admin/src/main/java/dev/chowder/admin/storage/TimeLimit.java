package dev.chowder.admin.storage;

import dev.chowder.admin.command.Invocation;
import dev.chowder.cli.failure.CommandException;
import dev.chowder.cli.failure.ExitCode;
import java.time.Duration;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/**
 * Limits how long a command may work on the whole database. Without it, a command whose database no
 * longer answers would keep the lock of the installation forever.
 */
final class TimeLimit {
  private static final String VARIABLE = "CHOWDER_STORAGE_SECONDS";
  private static final Duration DEFAULT = Duration.ofHours(1);

  private TimeLimit() {}

  /**
   * Runs the work in a thread of its own.
   *
   * @throws CommandException if the time is over; the thread may continue until the process ends
   */
  static void run(Invocation invocation, Runnable work) {
    var limit = limit(invocation);
    var task = new FutureTask<Void>(work, null);
    Thread.ofPlatform().name("work").daemon().start(task);
    try {
      var _ = task.get(limit.toMillis(), TimeUnit.MILLISECONDS);
    } catch (TimeoutException over) {
      throw new CommandException(
          ExitCode.TIMED_OUT,
          "the command did not end within %d s; raise the limit with %s"
              .formatted(limit.toSeconds(), VARIABLE),
          over);
    } catch (ExecutionException failed) {
      switch (failed.getCause()) {
        case RuntimeException failure -> throw failure;
        case Error fatal -> throw fatal;
        case null, default -> throw new IllegalStateException(failed);
      }
    } catch (InterruptedException interrupted) {
      Thread.currentThread().interrupt();
      throw new CommandException(ExitCode.INTERRUPTED, "interrupted", interrupted);
    }
  }

  private static Duration limit(Invocation invocation) {
    var text = invocation.environment().variables().getOrDefault(VARIABLE, "");
    if (text.isEmpty()) return DEFAULT;
    if (text.matches("[1-9][0-9]{0,6}")) return Duration.ofSeconds(Long.parseLong(text));
    throw new CommandException(
        ExitCode.USAGE, VARIABLE + ": must be a number of seconds, at least 1; got " + text);
  }
}
