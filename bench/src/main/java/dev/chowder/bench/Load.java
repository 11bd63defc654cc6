package dev.chowder.bench;

import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.Callable;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;

/**
 * Runs callers on virtual threads. A call returns whether it succeeded; only successful calls
 * count.
 */
final class Load {
  private Load() {}

  /**
   * Runs callers that repeat a call after each response. Returns the duration of each call in
   * nanoseconds.
   */
  static List<Long> closed(int callers, int seconds, Callable<Boolean> work) throws Exception {
    var took = new ConcurrentLinkedQueue<Long>();
    long until = System.nanoTime() + TimeUnit.SECONDS.toNanos(seconds);
    each(
        callers,
        () -> {
          while (System.nanoTime() < until) {
            long began = System.nanoTime();
            if (work.call()) took.add(System.nanoTime() - began);
          }
        });
    return List.copyOf(took);
  }

  /**
   * Calls at a steady rate, without waiting for responses. Each call is measured from the time at
   * which it was due, so that a server that hangs does not get fewer calls.
   */
  static void steady(
      ExecutorService threads, int perSecond, int seconds, Callable<Boolean> work, Queue<Long> took)
      throws InterruptedException {
    long began = System.nanoTime();
    for (int n = 0; n < perSecond * seconds; n++) {
      long due = began + TimeUnit.SECONDS.toNanos(n) / perSecond;
      long early = due - System.nanoTime();
      if (early > 0) TimeUnit.NANOSECONDS.sleep(early);
      var _ =
          threads.submit(
              () -> {
                if (work.call()) took.add(System.nanoTime() - due);
                return null;
              });
    }
  }

  interface Work {
    void run() throws Exception;
  }

  /** Runs this many tasks at once. Throws the first failure when all have finished. */
  static void each(int callers, Work work) throws Exception {
    var running = new ArrayList<Future<?>>();
    try (var threads = Executors.newVirtualThreadPerTaskExecutor()) {
      for (int n = 0; n < callers; n++) {
        running.add(
            threads.submit(
                () -> {
                  work.run();
                  return null;
                }));
      }
    }
    for (var one : running) one.get();
  }
}
