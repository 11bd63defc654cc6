package dev.chowder.effect;

import dev.chowder.base.FairSemaphore;
import dev.chowder.gateway.GatewayWork.WorkFailure;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Repeats work with growing pauses, until a try succeeds or a {@link Policy} ends the tries. Each
 * try holds a permit, and a pause holds none. The wait for a permit counts against no limit.
 *
 * @param timer schedules the deadlines of tries
 * @param check fails with an exception if the work of a run must not be tried; called before each
 *     try, as its part
 */
record Tries(EffectSettings settings, ScheduledExecutorService timer, Consumer<EffectRun> check) {
  private static final Logger LOG = LoggerFactory.getLogger(Tries.class);

  /** Work that may block. */
  interface Work<T> {
    T run() throws InterruptedException;
  }

  /** Decides after each failed try whether another one follows. */
  interface Policy {
    /** Returns the longest duration of the next try; empty if only its work limits it. */
    Optional<Duration> deadline();

    /**
     * Returns the failure as callers see it, if another try follows.
     *
     * @param pause time until that try
     * @throws WorkFailure if no other try follows
     */
    WorkFailure afterFailure(Failed failed, Duration pause) throws InterruptedException;
  }

  /**
   * A failed try.
   *
   * @param late whether it failed because its deadline passed
   */
  record Failed(Exception why, boolean late, Duration took) {}

  /**
   * Tries until a try succeeds, and returns its result.
   *
   * @throws WorkFailure the failure with which the policy ended the tries
   * @throws InterruptedException if the run was cancelled. Without a deadline, also if something
   *     else interrupted the work.
   */
  <T> T untilDone(EffectRun run, FairSemaphore permits, Policy policy, Work<T> work)
      throws InterruptedException {
    var pause = settings.minRetryDelay();
    while (true) {
      Result<T> tried;
      run.acquire(permits);
      try {
        tried = once(checked(run, work), policy.deadline());
      } finally {
        run.release(permits);
      }
      if (tried instanceof Result.Done<T>(var result)) return result;
      if (run.isCancelled()) throw new InterruptedException();
      var failed = ((Result.Not<T>) tried).failed();
      var failure = policy.afterFailure(failed, pause);
      log(run, failure, pause);
      Thread.sleep(pause);
      pause = longer(pause);
    }
  }

  private <T> Work<T> checked(EffectRun run, Work<T> work) {
    return () -> {
      check.accept(run);
      return work.run();
    };
  }

  /** Logs a failed try, and when the next one follows. */
  static void log(EffectRun run, WorkFailure failure, Duration pause) {
    LOG.warn(
        "instance={} effect={} reason={} message={} again_in_ms={}",
        run.id(),
        run.name(),
        failure.reason(),
        failure.text(),
        pause.toMillis());
  }

  private sealed interface Result<T> {
    record Done<T>(T result) implements Result<T> {}

    record Not<T>(Failed failed) implements Result<T> {}
  }

  private <T> Result<T> once(Work<T> work, Optional<Duration> limit) throws InterruptedException {
    long begun = System.nanoTime();
    if (limit.isEmpty()) {
      try {
        return new Result.Done<>(work.run());
      } catch (RuntimeException why) {
        return new Result.Not<>(new Failed(why, false, since(begun)));
      }
    }
    var deadline = new Deadline(limit.get());
    try {
      return new Result.Done<>(work.run());
    } catch (InterruptedException | RuntimeException why) {
      boolean late = deadline.isOver();
      var cause = late ? EffectFailures.overdue(limit.get()) : why;
      return new Result.Not<>(new Failed(cause, late, since(begun)));
    } finally {
      deadline.close();
    }
  }

  private static Duration since(long begun) {
    return Duration.ofNanos(System.nanoTime() - begun);
  }

  private Duration longer(Duration pause) {
    var longer = pause.multipliedBy(2);
    return longer.compareTo(settings.maxRetryDelay()) < 0 ? longer : settings.maxRetryDelay();
  }

  /**
   * Interrupts the thread of a try if it takes longer than its limit, and never after {@link
   * #close}. Opened and closed by that thread.
   */
  private final class Deadline {
    private final ScheduledFuture<?> timeout;
    private final Thread thread = Thread.currentThread();
    private boolean over;
    private boolean closed;

    Deadline(Duration limit) {
      timeout = timer.schedule(this::expire, limit.toMillis(), TimeUnit.MILLISECONDS);
    }

    private synchronized void expire() {
      if (closed) return;
      over = true;
      thread.interrupt();
    }

    synchronized boolean isOver() {
      return over;
    }

    synchronized void close() {
      closed = true;
      timeout.cancel(false);
      if (over) Thread.interrupted();
    }
  }
}
