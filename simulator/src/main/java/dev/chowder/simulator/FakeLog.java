package dev.chowder.simulator;

import dev.chowder.sandbox.SandboxLogReader;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicBoolean;

/** Stores the output lines of one simulated process. Drops the oldest, as log rotation does. */
final class FakeLog {
  private static final int LINES_KEPT = 10_000;

  private final List<String> lines = new ArrayList<>();
  private long dropped;
  private boolean ended;

  synchronized void add(String line) {
    lines.add(line);
    if (lines.size() > LINES_KEPT) {
      lines.removeFirst();
      dropped++;
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
      next = dropped + Math.max(0, lines.size() - Math.max(0, last));
    }
    long end;
    synchronized (this) {
      end = follow ? Long.MAX_VALUE : dropped + lines.size();
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
          while (next >= dropped + lines.size() && !ended) {
            wait();
          }
          if (next >= dropped + lines.size()) {
            return;
          }
          next = Math.max(next, dropped);
          line = lines.get((int) (next - dropped));
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
