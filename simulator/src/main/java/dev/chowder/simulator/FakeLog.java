package dev.chowder.simulator;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.chowder.sandbox.SandboxLogReader;
import java.io.ByteArrayOutputStream;
import java.io.FileNotFoundException;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.BooleanSupplier;

/**
 * Stores the output lines of a main process in a file, which each process of a folder can read and
 * extend. A full file starts again from nothing, as a rotated log with one file does.
 */
record FakeLog(Path file) {
  private static final long MAX_BYTES = 4 << 20;

  /** Time between two checks for lines of other processes and for the end of the main process. */
  private static final long CHECK_MILLIS = 50;

  /** Adds lines. Does nothing if the sandbox was removed. */
  synchronized void add(List<String> lines) {
    if (lines.isEmpty()) return;
    var full = file.toFile().length() > MAX_BYTES;
    // An interrupt does not end this write.
    try (var out = new FileOutputStream(file.toFile(), !full)) {
      // One call, so that lines of two processes do not mix.
      out.write((String.join("\n", lines) + "\n").getBytes(UTF_8));
    } catch (FileNotFoundException removed) {
      return;
    } catch (IOException failed) {
      throw new UncheckedIOException(failed);
    }
    notifyAll();
  }

  /** Starts an empty log. Readers of the previous one keep its file. */
  void clear() {
    try {
      Files.deleteIfExists(file);
    } catch (IOException failed) {
      throw new UncheckedIOException(failed);
    }
  }

  /** Wakes readers, because the main process may have ended. */
  synchronized void wake() {
    notifyAll();
  }

  /**
   * Sends the last lines, and with {@code follow} all further ones.
   *
   * @param ended whether the main process of this log has ended
   */
  AutoCloseable read(int last, boolean follow, SandboxLogReader reader, BooleanSupplier ended) {
    var over = new AtomicBoolean();
    var lines = open(last, reader, over);
    var thread =
        Thread.ofVirtual()
            .name("fake-log")
            .start(
                () -> {
                  try (lines) {
                    reader.onBegin();
                    lines.sendAll(follow, ended);
                  } catch (IOException failed) {
                    throw new UncheckedIOException(failed);
                  } finally {
                    if (over.compareAndSet(false, true)) reader.onEnd(Optional.empty());
                  }
                });
    return () -> {
      if (over.compareAndSet(false, true)) {
        thread.interrupt();
        reader.onEnd(Optional.empty());
      }
    };
  }

  private Lines open(int last, SandboxLogReader reader, AtomicBoolean over) {
    try {
      if (!Files.exists(file)) Files.write(file, new byte[0], StandardOpenOption.CREATE);
      return new Lines(new RandomAccessFile(file.toFile(), "r"), last, reader, over);
    } catch (IOException failed) {
      throw new UncheckedIOException(failed);
    }
  }

  /** Reads the lines of an open file one after another. */
  private final class Lines implements AutoCloseable {
    private final RandomAccessFile open;
    private final SandboxLogReader reader;
    private final AtomicBoolean over;
    private final ByteArrayOutputStream line = new ByteArrayOutputStream();
    private long position;

    /** The end of the file when it was opened. */
    private final long end;

    Lines(RandomAccessFile open, int last, SandboxLogReader reader, AtomicBoolean over)
        throws IOException {
      this.open = open;
      this.reader = reader;
      this.over = over;
      this.end = open.length();
      this.position = startOf(last);
    }

    /** Returns where the last lines start. */
    private long startOf(int last) throws IOException {
      var bytes = bytes(end);
      int left = Math.max(0, last);
      for (int at = bytes.length; at > 0; at--) {
        if (bytes[at - 1] == '\n' && left-- == 0) return at;
      }
      return 0;
    }

    /**
     * Returns the bytes from the position to the limit, fewer if another process empties the log
     * meanwhile. A full log holds few of them.
     */
    private byte[] bytes(long limit) throws IOException {
      var bytes = new byte[(int) Math.max(0, limit - position)];
      open.seek(position);
      int read = 0;
      while (read < bytes.length) {
        int more = open.read(bytes, read, bytes.length - read);
        if (more < 0) break;
        read += more;
      }
      return Arrays.copyOf(bytes, read);
    }

    void sendAll(boolean follow, BooleanSupplier ended) throws IOException {
      send(end);
      try {
        // The last check precedes the last read, so that no line is missed.
        for (boolean last = !follow; !last && !over.get(); ) {
          last = ended.getAsBoolean();
          if (open.length() < position) position = 0;
          boolean isNew = open.length() > position;
          send(open.length());
          if (!isNew && !last) await();
        }
      } catch (InterruptedException closed) {
        Thread.currentThread().interrupt();
      }
    }

    private void await() throws InterruptedException {
      synchronized (FakeLog.this) {
        FakeLog.this.wait(CHECK_MILLIS);
      }
    }

    private void send(long limit) throws IOException {
      var bytes = bytes(limit);
      position += bytes.length;
      for (var next : bytes) {
        if (over.get()) return;
        if (next == '\n') {
          reader.onLine(line.toString(UTF_8));
          line.reset();
        } else line.write(next);
      }
    }

    @Override
    public void close() throws IOException {
      open.close();
    }
  }
}
