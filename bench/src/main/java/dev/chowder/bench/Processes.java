package dev.chowder.bench;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/** The processor time and memory of the measured processes and of this one. */
final class Processes {
  private static final Pattern HEAP_USED = Pattern.compile("heap .*used (\\d+)K");

  /** The name of all nodes. */
  static final String NODES = "nodes";

  /** A process, whose name others may have too. */
  record Named(String name, long pid) {}

  private final List<Named> all;

  Processes(List<Named> all) {
    this.all = List.copyOf(all);
  }

  /**
   * Returns the processor time of each process with its children so far, and of this one without
   * them, in nanoseconds.
   */
  Map<String, Long> time() {
    var used = new LinkedHashMap<String, Long>();
    for (var one : all)
      ProcessHandle.of(one.pid()).ifPresent(p -> used.merge(one.name(), time(p), Long::sum));
    // Without its children: a node that the bench started again is one of them.
    used.put("the callers", own(ProcessHandle.current()));
    return used;
  }

  /** Returns the bytes of all nodes' heaps after a collection; 0 if no node is given. */
  long heapAfterCollection() throws IOException, InterruptedException {
    long used = 0;
    for (var node : nodes()) {
      ask(node, "GC.run");
      used += heapUsed(node);
    }
    return used;
  }

  /** Returns the bytes of all nodes' heaps without a collection. */
  long heap() throws IOException, InterruptedException {
    long used = 0;
    for (var node : nodes()) used += heapUsed(node);
    return used;
  }

  /** Returns the JVM of each node, which is a child process if a supervisor restarts it. */
  private List<ProcessHandle> nodes() {
    return all.stream()
        .filter(one -> one.name().equals(NODES))
        .map(one -> ProcessHandle.of(one.pid()).orElseThrow())
        .map(
            one ->
                one.children()
                    .filter(p -> p.info().command().orElse("").endsWith("java"))
                    .findFirst()
                    .orElse(one))
        .toList();
  }

  private static long heapUsed(ProcessHandle node) throws IOException, InterruptedException {
    var heap = HEAP_USED.matcher(ask(node, "GC.heap_info"));
    if (!heap.find()) throw new IOException("jcmd GC.heap_info: cannot read the used heap");
    return Long.parseLong(heap.group(1)) << 10;
  }

  private static String ask(ProcessHandle node, String question)
      throws IOException, InterruptedException {
    var jcmd = Path.of(System.getProperty("java.home"), "bin", "jcmd").toString();
    var process =
        new ProcessBuilder(jcmd, Long.toString(node.pid()), question)
            .redirectErrorStream(true)
            .start();
    var answer = new String(process.getInputStream().readAllBytes(), UTF_8);
    if (process.waitFor() != 0) throw new IOException("jcmd " + question + ": " + answer);
    return answer;
  }

  private static long time(ProcessHandle process) {
    return Stream.concat(Stream.of(process), process.descendants()).mapToLong(Processes::own).sum();
  }

  private static long own(ProcessHandle process) {
    return process.info().totalCpuDuration().orElse(Duration.ZERO).toNanos();
  }
}
