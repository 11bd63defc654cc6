package dev.chowder.bench;

import dev.chowder.program.ProgramException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/**
 * One run of a bench. At its end, after a failure or a SIGTERM, it ends its processes and removes
 * what it created, exactly once.
 */
final class BenchRun implements AutoCloseable {
  /** The Python program removes its containers after a SIGTERM. */
  private static final int END_SECONDS = 120;

  private final Object end = new Object();
  private final Deque<Runnable> removals = new ArrayDeque<>();
  private boolean isEnding;

  /** Creates a run, which also ends when this process gets a signal. */
  BenchRun() {
    Runtime.getRuntime().addShutdownHook(new Thread(this::close, "end of the bench"));
  }

  /**
   * Runs an action at the end, before those of earlier calls.
   *
   * @param removal may find nothing to remove
   */
  synchronized void atEnd(Runnable removal) {
    requireNoEnd();
    removals.push(removal);
  }

  /** Starts a process, which ends with the run. */
  synchronized Process start(ProcessBuilder builder) throws IOException {
    requireNoEnd();
    return builder.start();
  }

  /** Returns whether its end has begun, for example by a signal. */
  synchronized boolean isEnding() {
    return isEnding;
  }

  private void requireNoEnd() {
    if (isEnding) throw new ProgramException("the bench was ended", null);
  }

  /** Runs a program with the streams of this process, and returns its exit code. */
  int run(ProcessBuilder builder) throws IOException, InterruptedException {
    return start(builder.inheritIO()).waitFor();
  }

  @Override
  public void close() {
    // A signal may arrive while the main thread is here. The JVM ends only after both.
    synchronized (end) {
      synchronized (this) {
        isEnding = true;
      }
      ProcessHandle.current().children().forEach(ProcessHandle::destroy);
      ProcessHandle.current().children().forEach(BenchRun::awaitEnd);
      while (!removals.isEmpty()) {
        try {
          removals.pop().run();
        } catch (ProgramException | UncheckedIOException failed) {
          // The others must run too.
          System.err.println("chowder: " + failed.getMessage() + ".");
        }
      }
    }
  }

  private static void awaitEnd(ProcessHandle process) {
    try {
      var _ = process.onExit().get(END_SECONDS, TimeUnit.SECONDS);
    } catch (TimeoutException stillRuns) {
      process.destroyForcibly();
    } catch (InterruptedException interrupted) {
      Thread.currentThread().interrupt();
    } catch (ExecutionException impossible) {
      throw new IllegalStateException(impossible);
    }
  }

  /** Prints a line of the result. */
  static void say(String line) {
    System.out.println(line);
    System.out.flush();
  }

  /** Prints a line that is no result. */
  static void progress(String line) {
    System.err.println(line);
  }
}
