package dev.chowder.sandbox.docker;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.RejectedExecutionException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Reads the memory of processes from swap, many pages at a time and in several threads, while the
 * processes continue. A process alone reads one page after another, whenever it needs one. The
 * kernel permits this only to root. If it is not permitted, nothing is read, which is logged once.
 */
final class SwapReader implements AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(SwapReader.class);

  /** Bytes of one call, so that all threads have work until the end. */
  static final long CHUNK = 16L << 20;

  /**
   * Maximum number of mappings and calls of one start. A gateway has about 6,000. An agent can map
   * far more memory than it uses, and the list of mappings does not show how much is in swap.
   */
  static final int MAX_STEPS = 1 << 16;

  static final int THREADS = Math.min(4, Runtime.getRuntime().availableProcessors());

  /** Threads of the system, because a system call blocks its thread. */
  private final ExecutorService threads =
      Executors.newFixedThreadPool(
          THREADS, Thread.ofPlatform().daemon().name("swap-reader-", 0).factory());

  private final Path processes;
  private final ReadAhead kernel;
  private volatile boolean permitted = true;

  /** Reads a range of a process's memory from swap. */
  @FunctionalInterface
  interface ReadAhead {
    /** Returns 0, or the number of the error. */
    int read(long pid, long address, long bytes);
  }

  /** The system calls, found at their first use. */
  private static final class Kernel {
    static final SystemCalls CALLS = new SystemCalls();
  }

  private record Chunk(long pid, long from, long bytes) {}

  SwapReader() {
    this(Path.of("/proc"), (pid, from, bytes) -> Kernel.CALLS.readAhead(pid, from, bytes));
  }

  SwapReader(Path processes, ReadAhead kernel) {
    this.processes = processes;
    this.kernel = kernel;
  }

  /** Starts to read what these processes have in swap, and returns at once. */
  void start(List<Long> pids) {
    if (permitted) execute(() -> readAll(pids));
  }

  boolean isPermitted() {
    return permitted;
  }

  private void execute(Runnable task) {
    try {
      threads.execute(task);
    } catch (RejectedExecutionException closing) {
      // The processes read their memory themselves.
    }
  }

  private void readAll(List<Long> pids) {
    var chunks = new ConcurrentLinkedQueue<>(chunks(pids));
    for (int other = 1; other < THREADS; other++) execute(() -> read(chunks));
    read(chunks);
  }

  /**
   * Returns the memory of these processes in chunks. A mapping that exceeds the rest of the limit
   * is left out, and its process reads it.
   */
  private List<Chunk> chunks(List<Long> pids) {
    var chunks = new ArrayList<Chunk>();
    int left = MAX_STEPS;
    for (long pid : pids) {
      Path file = processes.resolve(Long.toString(pid)).resolve("maps");
      // Names of files may have any bytes.
      try (var maps = Files.newBufferedReader(file, StandardCharsets.ISO_8859_1)) {
        for (String line; left > 0 && (line = maps.readLine()) != null; ) {
          var mapping = chunks(pid, line, --left);
          chunks.addAll(mapping);
          left -= mapping.size();
        }
      } catch (IOException ended) {
        // The process ended.
      }
    }
    return chunks;
  }

  /**
   * Returns the chunks of one line of {@code maps}: {@code FROM-TO MODE OFFSET DEVICE INODE
   * [NAME]}.
   */
  private static List<Chunk> chunks(long pid, String line, int most) {
    String[] fields = line.split("\\s+", 6);
    boolean isAnonymous = fields.length >= 5 && fields[4].equals("0");
    if (!isAnonymous || !fields[1].startsWith("rw")) return List.of();
    String[] range = fields[0].split("-", 2);
    long from = Long.parseUnsignedLong(range[0], 16);
    long end = Long.parseUnsignedLong(range[1], 16);
    if (end - from > most * CHUNK) return List.of();
    var chunks = new ArrayList<Chunk>();
    for (; from < end; from += CHUNK) chunks.add(new Chunk(pid, from, Math.min(CHUNK, end - from)));
    return chunks;
  }

  private void read(Queue<Chunk> chunks) {
    for (Chunk chunk; permitted && !threads.isShutdown() && (chunk = chunks.poll()) != null; ) {
      long pid = chunk.pid();
      int error = read(chunk);
      switch (error) {
        // The process continues meanwhile, so it may have released the range.
        case 0, SystemCalls.ENOMEM -> {}
        case SystemCalls.ESRCH -> chunks.removeIf(other -> other.pid() == pid);
        case SystemCalls.EPERM -> report("not root");
        case SystemCalls.ENOSYS -> report("not supported by the kernel");
        default -> {
          log.debug("event=swap-read-ahead-ended why=error {} of the kernel", error);
          chunks.clear();
        }
      }
    }
  }

  private int read(Chunk chunk) {
    try {
      return kernel.read(chunk.pid(), chunk.from(), chunk.bytes());
    } catch (LinkageError | RuntimeException unavailable) {
      report(unavailable.toString());
      return 0;
    }
  }

  private synchronized void report(String why) {
    if (permitted) log.info("event=no-swap-read-ahead why={}", why);
    permitted = false;
  }

  @Override
  public void close() {
    threads.shutdownNow();
  }
}
