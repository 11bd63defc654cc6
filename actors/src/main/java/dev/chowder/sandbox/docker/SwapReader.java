package dev.chowder.sandbox.docker;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
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
  private static final long CHUNK = 16L << 20;

  private static final int MAX_THREADS = 4;

  /** Threads of the system, because a system call blocks its thread. */
  private final ExecutorService threads =
      Executors.newFixedThreadPool(
          Math.min(MAX_THREADS, Runtime.getRuntime().availableProcessors()),
          Thread.ofPlatform().daemon().name("swap-reader-", 0).factory());

  private volatile boolean permitted = true;

  /** The system calls, found at their first use. */
  private static final class Kernel {
    static final SystemCalls CALLS = new SystemCalls();
  }

  /** Starts to read what these processes have in swap, and returns at once. */
  void start(List<Long> pids) {
    if (!permitted) return;
    try {
      for (long pid : pids) threads.execute(() -> readAll(pid));
    } catch (RejectedExecutionException closing) {
      // The processes read their memory themselves.
    }
  }

  private void readAll(long pid) {
    try {
      for (String line : Files.readAllLines(Path.of("/proc", Long.toString(pid), "maps"))) {
        readMapping(pid, line);
      }
    } catch (IOException | RejectedExecutionException ended) {
      // The process ended, or this driver is closing.
    }
  }

  /** Reads one line of {@code maps}: {@code FROM-TO MODE OFFSET DEVICE INODE [NAME]}. */
  private void readMapping(long pid, String line) {
    String[] fields = line.split("\\s+", 6);
    boolean isAnonymous = fields.length >= 5 && fields[4].equals("0");
    if (!isAnonymous || !fields[1].startsWith("rw")) return;
    String[] range = fields[0].split("-", 2);
    long end = Long.parseUnsignedLong(range[1], 16);
    for (long from = Long.parseUnsignedLong(range[0], 16); from < end; from += CHUNK) {
      long start = from;
      threads.execute(() -> readChunk(pid, start, Math.min(CHUNK, end - start)));
    }
  }

  private void readChunk(long pid, long from, long bytes) {
    if (!permitted) return;
    int error;
    try {
      error = Kernel.CALLS.readAhead(pid, from, bytes);
    } catch (LinkageError | RuntimeException unavailable) {
      report(unavailable.toString());
      return;
    }
    // The process continues meanwhile, so it may have ended or released the range.
    if (error != 0 && error != SystemCalls.ESRCH && error != SystemCalls.ENOMEM) {
      report(error == SystemCalls.EPERM ? "not root" : "error " + error + " of the kernel");
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
