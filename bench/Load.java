import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.Callable;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;

/** Callers: each on a virtual thread. What they do says whether it went well; only then it counts. */
final class Load {
  private Load() {}

  /** Callers that begin again as soon as they were answered; what each call took, in nanoseconds. */
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
   * Calls at a steady rate, whether the ones before were answered or not. Each is counted from the moment at which it was due, so
   * that a server that stands still is not asked less.
   */
  static void steady(ExecutorService threads, int perSecond, int seconds, Callable<Boolean> work, Queue<Long> took)
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

  /** So many at once do it; the first failure of one of them is thrown when all are done. */
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
