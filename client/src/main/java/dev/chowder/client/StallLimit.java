package dev.chowder.client;

import dev.chowder.client.failure.ClientException;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.time.Duration;

/** Ends a download from which no bytes arrive for a while. */
final class StallLimit implements AutoCloseable {
  private static final Duration LIMIT = Duration.ofSeconds(75);
  private static final Duration INTERVAL = Duration.ofSeconds(1);

  private final InputStream stream;
  private final Duration limit;
  private final Thread thread;
  private volatile long arrived = System.nanoTime();
  private volatile boolean isStalled;

  private StallLimit(InputStream stream, Duration limit) {
    this.stream = stream;
    this.limit = limit;
    this.thread = Thread.ofVirtual().name("stall-limit").start(this::check);
  }

  static StallLimit start(InputStream stream) {
    return start(stream, LIMIT);
  }

  static StallLimit start(InputStream stream, Duration limit) {
    return new StallLimit(stream, limit);
  }

  /** Copies the stream to its end. */
  void copy(OutputStream target) throws IOException {
    var buffer = new byte[1 << 16];
    try {
      for (int length = stream.read(buffer); length >= 0; length = stream.read(buffer)) {
        arrived = System.nanoTime();
        target.write(buffer, 0, length);
        // Only the time until bytes arrive counts, not that of a slow reader.
        arrived = System.nanoTime();
      }
    } catch (IOException broken) {
      if (isStalled) throw stalled(broken);
      throw broken;
    }
    if (isStalled) throw stalled(new IOException("closed"));
  }

  private ClientException stalled(IOException cause) {
    return new ClientException(
        ClientException.Kind.TIMED_OUT,
        "no bytes arrived for %d s, so the download is incomplete".formatted(limit.toSeconds()),
        cause);
  }

  private void check() {
    try {
      var interval = limit.compareTo(INTERVAL) < 0 ? limit : INTERVAL;
      while (System.nanoTime() - arrived < limit.toNanos()) Thread.sleep(interval);
      isStalled = true;
      stream.close();
    } catch (InterruptedException ended) {
      Thread.currentThread().interrupt();
    } catch (IOException alreadyBroken) {
      isStalled = true;
    }
  }

  @Override
  public void close() {
    thread.interrupt();
  }
}
