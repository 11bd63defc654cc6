package dev.chowder.base;

import java.time.Duration;
import java.util.concurrent.Executors;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A daemon thread that repeats work, with a pause between the end of one run and the start of the
 * next. An exception or an error of the work is logged, and ends that run only.
 */
public final class RepeatingThread implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(RepeatingThread.class);

  private final String name;
  private final ScheduledExecutorService thread;

  /** Creates the thread, which does nothing yet. */
  public RepeatingThread(String name) {
    this.name = name;
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
            () -> run(work), first.toMillis(), pause.toMillis(), TimeUnit.MILLISECONDS);
  }

  /**
   * Runs work once, after the run in progress.
   *
   * @throws RejectedExecutionException if it is closed
   */
  public void execute(Runnable work) {
    thread.execute(() -> run(work));
  }

  private void run(Runnable work) {
    try {
      work.run();
    } catch (RuntimeException | Error why) {
      LOG.error("thread={} event=run-failed", name, why);
    }
  }

  /** Interrupts the run in progress and starts no other one. Does not wait. */
  @Override
  public void close() {
    thread.shutdownNow();
  }
}
