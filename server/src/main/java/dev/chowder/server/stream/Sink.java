package dev.chowder.server.stream;

import static dev.chowder.base.ErrorText.cannot;

import dev.chowder.api.v1.Reason;
import dev.chowder.server.call.CallHeaders;
import dev.chowder.server.error.ApiError;
import io.grpc.stub.ServerCallStreamObserver;
import io.grpc.stub.StreamObserver;
import java.time.Duration;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.BooleanSupplier;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The messages of one streaming response. Its source runs on a virtual thread of its own and blocks
 * while the caller's transport cannot buffer another message. The stream ends exactly once: when
 * the source returns or throws, when the node drains (if asked for), or when the caller
 * disconnects. After that, every method that sends or waits throws {@code CANCELLED}, which ends
 * the source.
 *
 * <p>Holds no message, so a source needs a limit for what it holds itself. Does not interrupt the
 * source, because an interrupt would close an H2 database file that the source reads.
 *
 * @param <T> type of the messages
 */
public final class Sink<T> {
  private static final Logger LOG = LoggerFactory.getLogger(Sink.class);
  private static final Duration FOREVER = Duration.ofNanos(Long.MAX_VALUE);

  /** The last calls of the transport, in the form that a kind of stream needs. */
  interface Ending {
    void complete();

    void fail(Throwable why);
  }

  private final ServerCallStreamObserver<T> out;
  private final Ending ending;
  private final Runnable headers = CallHeaders.sending();
  private final ReentrantLock lock = new ReentrantLock();
  private final Condition changed = lock.newCondition();
  private boolean ended;

  /**
   * Creates the sink of a call. Call it on the call's own thread, because gRPC accepts handlers
   * only until the call's handler returns.
   */
  public Sink(StreamObserver<T> out) {
    this(out, plainEnding(out));
  }

  Sink(StreamObserver<T> out, Ending ending) {
    this.out = (ServerCallStreamObserver<T>) out;
    this.ending = ending;
    this.out.setOnReadyHandler(this::wake);
    this.out.setOnCancelHandler(() -> end(() -> {}));
    // If the caller's key was revoked before the handlers were set, the server has closed the call
    // and no cancellation follows.
    this.out.setOnCloseHandler(() -> end(() -> {}));
  }

  private static Ending plainEnding(StreamObserver<?> out) {
    return new Ending() {
      @Override
      public void complete() {
        out.onCompleted();
      }

      @Override
      public void fail(Throwable why) {
        out.onError(why);
      }
    };
  }

  /**
   * Starts the source on a virtual thread. Its end completes the stream, its exception fails it.
   */
  public void run(String thread, Runnable source) {
    Thread.ofVirtual()
        .name(thread)
        .start(
            () -> {
              try {
                source.run();
                complete();
              } catch (RuntimeException | Error why) {
                fail(why);
              }
            });
  }

  /**
   * Like {@link #run(String, Runnable)}, for a stream that its caller can continue on another node:
   * when this node drains, the stream fails with {@code onDrain}.
   */
  public void run(String thread, DrainSignal node, Supplier<ApiError> onDrain, Runnable source) {
    run(
        thread,
        () -> {
          try (var _ = node.onDrain(() -> end(() -> ending.fail(onDrain.get())))) {
            source.run();
          }
        });
  }

  /**
   * Sends the response headers, unless the stream has ended or has sent them. Call it when the
   * stream is known to begin, but its first message may come late: callers and proxies limit the
   * time to the headers.
   */
  public void begin() {
    lock.lock();
    try {
      if (!ended) headers.run();
    } finally {
      lock.unlock();
    }
  }

  /** Sends a message as soon as the transport has room. */
  public void send(T message) {
    send(message, () -> {});
  }

  /**
   * Sends a message as soon as the transport has room.
   *
   * @param record records that the message is sent; the error of a drain sees the record of all
   *     messages before it
   */
  public void send(T message, Runnable record) {
    lock.lock();
    try {
      awaitRoom();
      record.run();
      out.onNext(message);
    } finally {
      lock.unlock();
    }
  }

  /** Waits until the transport has room. */
  public void awaitRoom() {
    await(out::isReady, FOREVER);
  }

  /**
   * Waits until the transport has room or the condition is true. Returns false if neither happens
   * within {@code limit}.
   */
  boolean awaitRoomOr(BooleanSupplier condition, Duration limit) {
    return await(() -> out.isReady() || condition.getAsBoolean(), limit);
  }

  /** Waits until the condition is true. {@link #wake} checks it again. */
  public void await(BooleanSupplier condition) {
    await(condition, FOREVER);
  }

  /**
   * Waits until the condition is true. Returns false if it is not within {@code limit}.
   *
   * @param condition must not block; checked at first and after each {@link #wake}
   */
  public boolean await(BooleanSupplier condition, Duration limit) {
    lock.lock();
    try {
      long left = limit.toNanos();
      while (true) {
        if (ended) throw over();
        if (condition.getAsBoolean()) return true;
        if (left <= 0) return false;
        left = changed.awaitNanos(left);
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw ApiError.nodeStops("send the response", "repeat the call");
    } finally {
      lock.unlock();
    }
  }

  /** Waits for this time. */
  public void pause(Duration time) {
    await(() -> false, time);
  }

  /** Waits until the stream has ended. Never throws. */
  public void awaitEnd() {
    lock.lock();
    try {
      while (!ended) changed.awaitUninterruptibly();
    } finally {
      lock.unlock();
    }
  }

  private static ApiError over() {
    return ApiError.of(Reason.CANCELLED, cannot("send the response", "its stream has ended"));
  }

  /** Makes the source check again what it waits for. Any thread may call it. */
  public void wake() {
    lock.lock();
    try {
      changed.signalAll();
    } finally {
      lock.unlock();
    }
  }

  /**
   * Completes the stream unless it has ended, and fails it if it cannot be completed. Any thread
   * may call it.
   */
  public void complete() {
    end(
        () -> {
          try {
            ending.complete();
          } catch (RuntimeException why) {
            ending.fail(why);
          }
        });
  }

  /** Fails the stream unless it has ended. Any thread may call it. */
  public void fail(Throwable why) {
    if (end(() -> ending.fail(why)) || why instanceof ApiError) return;
    LOG.warn("the source of a stream failed after the stream's end", why);
  }

  /** Ends the stream with {@code last}. Returns false if it had ended before. */
  boolean end(Runnable last) {
    lock.lock();
    try {
      if (ended) return false;
      ended = true;
      changed.signalAll();
      last.run();
      return true;
    } finally {
      lock.unlock();
    }
  }
}
