package dev.chowder.bench;

import static dev.chowder.bench.BenchRun.progress;
import static dev.chowder.bench.BenchRun.say;

import java.io.IOException;
import java.util.ArrayList;
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

/** Measures the recovery of every instance of a fleet from its journal, and reports it. */
record FleetRecovery(SimulatedInstallation installation, Api api, String key, FleetCopies copies) {
  private static final int RECOVERING = 64;

  /**
   * Gets every instance twice: first, when it is recovered from the journal, and again, when it is
   * in memory.
   *
   * @param limit after these seconds, it ends
   * @param heapAtStart the bytes of the node's heap before
   */
  void run(int limit, long heapAtStart) throws Exception {
    progress("Recovering every instance ...");
    var rows = copies.digest();
    var busy = installation.processes().time();
    var next = new AtomicInteger();
    Queue<Long> firstTook = new ConcurrentLinkedQueue<>();
    Queue<Long> secondTook = new ConcurrentLinkedQueue<>();
    long began = System.nanoTime();
    long until = began + TimeUnit.SECONDS.toNanos(limit);
    Load.each(
        RECOVERING,
        () -> {
          while (System.nanoTime() < until) {
            int n = next.getAndIncrement();
            if (n >= copies.ids().size()) return;
            var path = "/v1/instances/" + copies.ids().get(n);
            long asked = System.nanoTime();
            if (!api.expect(api.get(path, key), 200)) continue;
            long again = System.nanoTime();
            firstTook.add(again - asked);
            if (api.expect(api.get(path, key), 200)) secondTook.add(System.nanoTime() - again);
          }
        });
    double took = Fleet.seconds(began);
    var first = new Samples(firstTook);
    var second = new Samples(secondTook);
    say(
        "| recovery of every instance, %d callers | n | per second | took | p50 | p99 |\n|---|---|---|---|---|---|"
            .formatted(RECOVERING));
    say(
        "| get that recovers it from its %d to %d events | %d | %.0f | %.0f s | %s | %s |"
            .formatted(
                copies.fewestEvents(),
                copies.mostEvents(),
                first.count(),
                first.count() / took,
                took,
                first.shown(50),
                first.shown(99)));
    say(
        "| second get, right afterwards | %d | %.0f | | %s | %s |"
            .formatted(second.count(), second.count() / took, second.shown(50), second.shown(99)));
    if (first.count() < copies.ids().size())
      say(
          "\nOnly %d of %d instances were recovered within the time limit."
              .formatted(first.count(), copies.ids().size()));
    printTime(busy, first.count());
    long full = installation.processes().heap();
    say(
        "The node's heap after a collection: %d MiB after the restart, %d MiB with the instances that stay in memory; %d MiB before that collection."
            .formatted(
                heapAtStart >> 20,
                installation.processes().heapAfterCollection() >> 20,
                full >> 20));
    // A recovered instance writes its row. If the events were copied correctly, it equals the
    // copied row.
    Await.until(
        "rows that are written",
        () -> copies.digest().equals(rows) || Fleet.seconds(began) > took + 20);
    if (!copies.digest().equals(rows))
      api.unexpected("rows that recovered instances wrote differ from the copied rows");
  }

  /** Prints the processor time since an earlier measurement, for each of the instances. */
  private void printTime(Map<String, Long> earlier, int instances) throws IOException {
    var spent = new ArrayList<String>();
    installation
        .processes()
        .time()
        .forEach(
            (who, now) ->
                spent.add(
                    "%s %.2f ms"
                        .formatted(who, (now - earlier.getOrDefault(who, 0L)) / 1e6 / instances)));
    say("\nProcessor time for each instance, both gets: " + String.join(", ", spent) + ".");
  }
}
