package dev.chowder.sandbox.fake;

import dev.chowder.sandbox.SandboxDriver.SandboxLogReader;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicBoolean;

/** The lines that one played process printed; the oldest are forgotten, as real log files are. */
final class FakeLog {
  private static final int LINES_KEPT = 10_000;

  private final List<String> lines = new ArrayList<>();
  private long forgotten;
  private boolean ended;

  synchronized void add(String line) {
    lines.add(line);
    if (lines.size() > LINES_KEPT) {
      lines.removeFirst();
      forgotten++;
    }
    notifyAll();
  }

  synchronized void end() {
    ended = true;
    notifyAll();
  }

  synchronized void resume() {
    ended = false;
  }

  AutoCloseable read(int last, boolean follow, SandboxLogReader reader) {
    long next;
    synchronized (this) {
      next = forgotten + Math.max(0, lines.size() - Math.max(0, last));
    }
    long end;
    synchronized (this) {
      end = follow ? Long.MAX_VALUE : forgotten + lines.size();
    }
    AtomicBoolean over = new AtomicBoolean();
    Thread thread =
        Thread.ofVirtual()
            .name("fake-log")
            .start(
                () -> {
                  send(next, end, reader, over);
                  if (over.compareAndSet(false, true)) {
                    reader.onEnd(Optional.empty());
                  }
                });
    return () -> {
      if (over.compareAndSet(false, true)) {
        thread.interrupt();
        reader.onEnd(Optional.empty());
      }
    };
  }

  private void send(long from, long end, SandboxLogReader reader, AtomicBoolean over) {
    long next = from;
    try {
      while (next < end && !over.get()) {
        String line;
        synchronized (this) {
          while (next >= forgotten + lines.size() && !ended) {
            wait();
          }
          if (next >= forgotten + lines.size()) {
            return;
          }
          next = Math.max(next, forgotten);
          line = lines.get((int) (next - forgotten));
          next++;
        }
        if (!over.get()) {
          reader.onLine(line);
        }
      }
    } catch (InterruptedException closed) {
      Thread.currentThread().interrupt();
    }
  }
}
