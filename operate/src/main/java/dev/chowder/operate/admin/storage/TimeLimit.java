package dev.chowder.operate.admin.storage;

import dev.chowder.cli.failure.CommandException;
import dev.chowder.cli.failure.ExitCode;
import dev.chowder.operate.command.Invocation;
import dev.chowder.operate.state.Results;
import java.time.Duration;
import java.util.concurrent.FutureTask;

/**
 * Limits how long a command may work on the whole database. Without it, a command whose database no
 * longer answers would keep the lock of the installation forever.
 */
final class TimeLimit {
  private static final String VARIABLE = "CHOWDER_STORAGE_SECONDS";
  private static final int DEFAULT_SECONDS = 3600;

  private TimeLimit() {}

  /**
   * Runs the work in a thread of its own.
   *
   * @throws CommandException if the time is over; the thread may continue until the process ends
   */
  static void run(Invocation invocation, Runnable work) {
    int seconds = invocation.variables().seconds(VARIABLE, DEFAULT_SECONDS);
    if (seconds == 0) throw ExitCode.USAGE.failure(VARIABLE + ": must be at least 1; got 0");
    var limit = Duration.ofSeconds(seconds);
    var task = new FutureTask<Void>(work, null);
    var thread = Thread.ofPlatform().name("work").daemon().start(task);
    try {
      if (!thread.join(limit)) {
        throw ExitCode.TIMED_OUT.failure(
            "the command did not end within %d s; raise the limit with %s"
                .formatted(limit.toSeconds(), VARIABLE));
      }
    } catch (InterruptedException interrupted) {
      throw CommandException.interrupted(interrupted);
    }
    Results.of(task);
  }
}
