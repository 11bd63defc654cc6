package dev.chowder.base;

import java.time.Duration;
import java.util.concurrent.Executors;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;

/**
 * A daemon thread that repeats work, with a pause between the end of one run and the start of the
 * next. An exception of the work ends the repetitions, so the work must handle and log its own.
 */
public final class RepeatingThread implements AutoCloseable {
  private final ScheduledExecutorService thread;

  /** Creates the thread, which does nothing yet. */
  public RepeatingThread(String name) {
    this.thread =
        Executors.newSingleThreadScheduledExecutor(
            Thread.ofPlatform().daemon().name(name).factory());
  }

  /**
   * Runs the work after each pause, until closed. The first run follows the first pause.
   *
   * @throws RejectedExecutionException if it is closed
   */
  public void every(Duration pause, Runnable work) {
    repeat(pause, pause, work);
  }

  /**
   * Runs the work now and after each pause, until closed.
   *
   * @throws RejectedExecutionException if it is closed
   */
  public void nowAndEvery(Duration pause, Runnable work) {
    repeat(Duration.ZERO, pause, work);
  }

  private void repeat(Duration first, Duration pause, Runnable work) {
    var _ =
        thread.scheduleWithFixedDelay(
            work, first.toMillis(), pause.toMillis(), TimeUnit.MILLISECONDS);
  }

  /**
   * Runs work once, after the run in progress. An exception of the work is lost, so the work must
   * handle and log its own. Other work continues.
   *
   * @throws RejectedExecutionException if it is closed
   */
  public void execute(Runnable work) {
    thread.execute(work);
  }

  /** Interrupts the run in progress and starts no other one. Does not wait. */
  @Override
  public void close() {
    thread.shutdownNow();
  }
}
