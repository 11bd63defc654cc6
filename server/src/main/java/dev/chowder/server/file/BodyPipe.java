package dev.chowder.server.file;

import static dev.chowder.base.ErrorText.cannot;
import static dev.chowder.base.ErrorText.must;

import com.google.protobuf.ByteString;
import dev.chowder.api.v1.Reason;
import dev.chowder.server.error.ApiError;
import java.io.InputStream;
import java.time.Duration;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;

/**
 * Passes a body from a call's messages to a thread that reads it as one stream. At most one message
 * waits; until it is read, the sender blocks, and so does the caller. After the reader closes the
 * stream, the rest is dropped. A body that arrives too slowly is aborted: an idle timeout alone
 * would let a caller hold the reader forever with one byte at a time. Only time spent waiting for
 * the caller counts, so a slow disk aborts nothing, and there is no limit for the whole body.
 */
final class BodyPipe extends InputStream {
  private sealed interface Piece {
    record Bytes(ByteString data) implements Piece {}

    record End() implements Piece {}

    record Broken(ApiError why) implements Piece {}
  }

  private final Duration window;
  private final long minimum;
  private final BlockingQueue<Piece> waiting = new LinkedBlockingQueue<>();
  private final Semaphore free = new Semaphore(1);
  private InputStream now = InputStream.nullInputStream();
  private long windowNanos;
  private long windowBytes;
  private boolean ended;
  private volatile boolean closed;

  /**
   * Creates an empty pipe.
   *
   * @param window total waiting time in which {@code minimum} bytes must arrive
   * @param minimum number of bytes, at least 1
   */
  BodyPipe(Duration window, long minimum) {
    this.window = window;
    this.minimum = minimum;
  }

  /** Adds the next bytes. Blocks while an earlier message waits. */
  void put(ByteString data) throws InterruptedException {
    if (closed || data.isEmpty()) return;
    free.acquire();
    waiting.add(new Piece.Bytes(data));
  }

  /** Marks the end of a complete body. */
  void end() {
    waiting.add(new Piece.End());
  }

  /** Marks the body as incomplete: no more bytes follow. */
  void abandon() {
    waiting.add(
        new Piece.Broken(
            ApiError.of(
                Reason.CANCELLED,
                cannot("receive the body", "the client disconnected before its end"))));
  }

  @Override
  public int read() {
    byte[] one = new byte[1];
    return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
  }

  @Override
  public int read(byte[] into, int from, int length) {
    try {
      while (!ended) {
        int got = now.read(into, from, length);
        if (got > 0 || length == 0) return got;
        next();
      }
      return -1;
    } catch (java.io.IOException impossible) {
      throw new IllegalStateException(impossible);
    }
  }

  private void next() {
    long began = System.nanoTime();
    try {
      var piece = waiting.poll(window.toNanos() - windowNanos, TimeUnit.NANOSECONDS);
      windowNanos += System.nanoTime() - began;
      switch (piece) {
        case null -> throw tooSlow();
        case Piece.Bytes(var data) -> {
          count(data.size());
          now = data.newInput();
          free.release();
        }
        case Piece.End() -> ended = true;
        case Piece.Broken(var why) -> throw why;
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw ApiError.nodeStops("receive the body", "repeat the call");
    }
  }

  private void count(int bytes) {
    windowBytes += bytes;
    if (windowBytes >= minimum) {
      windowBytes = 0;
      windowNanos = 0;
    } else if (windowNanos >= window.toNanos()) {
      throw tooSlow();
    }
  }

  private ApiError tooSlow() {
    return ApiError.of(
        Reason.REQUEST_INCOMPLETE,
        must(
            "body",
            "bring at least %d bytes in %d s".formatted(minimum, window.toSeconds()),
            windowBytes));
  }

  /** Drops the bytes that are still to come. */
  @Override
  public void close() {
    closed = true;
    // Wakes a waiting sender, and lets all later messages pass.
    free.release(Integer.MAX_VALUE / 2);
  }
}
