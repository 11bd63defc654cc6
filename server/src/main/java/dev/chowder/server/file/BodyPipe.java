package dev.chowder.server.file;

import com.google.protobuf.ByteString;
import dev.chowder.server.error.ApiError;
import dev.chowder.server.error.Reason;
import java.io.InputStream;
import java.time.Duration;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;

/**
 * A body on its way from a call's messages to a thread that reads it as one stream. One message
 * waits at most: whoever sends more waits, and so does the caller. When the reader has had enough,
 * the rest is dropped. A body that arrives too slowly is aborted: an idle timeout alone would let a
 * caller hold the reader forever with one byte at a time. Only time spent waiting for the caller
 * counts, so a slow disk aborts nothing, and there is no limit for the whole body.
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
  private final Semaphore room = new Semaphore(1);
  private InputStream now = InputStream.nullInputStream();
  private long windowNanos;
  private long windowBytes;
  private boolean ended;
  private volatile boolean closed;

  /**
   * Begins one.
   *
   * @param window time of waiting in which {@code minimum} bytes must arrive
   * @param minimum at least 1
   */
  BodyPipe(Duration window, long minimum) {
    this.window = window;
    this.minimum = minimum;
  }

  /** The next bytes; returns when there is room for more. */
  void put(ByteString data) throws InterruptedException {
    if (closed || data.isEmpty()) return;
    room.acquire();
    waiting.add(new Piece.Bytes(data));
  }

  /** All came. */
  void end() {
    waiting.add(new Piece.End());
  }

  /** No more will come, and what came is not all. */
  void abandon() {
    waiting.add(
        new Piece.Broken(ApiError.of(Reason.CANCELLED, "caller: gone (expected: a whole body)")));
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
          room.release();
        }
        case Piece.End() -> ended = true;
        case Piece.Broken(var why) -> throw why;
      }
    } catch (InterruptedException stop) {
      Thread.currentThread().interrupt();
      throw ApiError.of(Reason.SERVER_UNAVAILABLE, "node: ends (expected: the same call again)");
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
        "body: must bring at least %d bytes in %d s; got %d"
            .formatted(minimum, window.toSeconds(), windowBytes));
  }

  /** Drops what is still to come. */
  @Override
  public void close() {
    closed = true;
    // Whoever waits finds room from now on.
    room.release(Integer.MAX_VALUE / 2);
  }
}
