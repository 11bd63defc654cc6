package dev.chowder.server.file;

import static dev.chowder.base.ErrorText.cannot;

import com.google.api.HttpBody;
import com.google.protobuf.ByteString;
import dev.chowder.api.v1.Reason;
import dev.chowder.server.call.RequestHeaders;
import dev.chowder.server.error.ApiError;
import io.grpc.stub.ServerCallStreamObserver;
import io.grpc.stub.StreamObserver;
import java.time.Duration;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;

/**
 * Sends a body to a caller, no faster than the caller reads it. The sender blocks while the buffer
 * of the transport is full. Must be created on the call's thread, before its handler returns.
 */
final class OutgoingBody {
  private final ServerCallStreamObserver<HttpBody> out;
  private final Duration timeout;
  private final ReentrantLock lock = new ReentrantLock();
  private final Condition changed = lock.newCondition();
  private final boolean transcoded = RequestHeaders.value("x-envoy-original-path").isPresent();
  private boolean disconnected;
  private boolean begun;
  private String contentType = "application/octet-stream";

  OutgoingBody(StreamObserver<HttpBody> out, Duration timeout) {
    this.out = (ServerCallStreamObserver<HttpBody>) out;
    this.timeout = timeout;
    this.out.setOnReadyHandler(() -> signal(false));
    this.out.setOnCancelHandler(() -> signal(true));
  }

  private void signal(boolean cancelled) {
    lock.lock();
    try {
      disconnected |= cancelled;
      changed.signalAll();
    } finally {
      lock.unlock();
    }
  }

  void type(String type) {
    contentType = type;
  }

  /**
   * Sends the next bytes. Throws if the caller disconnected, or reads nothing within the timeout.
   */
  void send(ByteString data) {
    awaitReady();
    var body = HttpBody.newBuilder().setData(data);
    if (!begun) body.setContentType(contentType);
    begun = true;
    out.onNext(body.build());
  }

  private void awaitReady() {
    lock.lock();
    try {
      long left = timeout.toNanos();
      while (!out.isReady() && !disconnected) {
        if (left <= 0) {
          throw ApiError.of(
              Reason.NO_ANSWER_IN_TIME,
              cannot(
                  "download the body",
                  "the client read nothing for " + timeout.toSeconds() + " s"));
        }
        left = changed.awaitNanos(left);
      }
      if (disconnected) {
        throw ApiError.of(Reason.CANCELLED, cannot("download the body", "the client disconnected"));
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw FileErrors.nodeStops("download the body");
    } finally {
      lock.unlock();
    }
  }

  /**
   * Runs the source on a separate thread, then completes the call, or fails it with the exception
   * of the source. Over REST, a body that has begun cannot end with an error, so its stream is
   * reset.
   */
  void from(Runnable source) {
    Thread.ofVirtual()
        .name("files-out")
        .start(
            () -> {
              try {
                source.run();
                complete();
              } catch (RuntimeException | Error why) {
                if (begun && transcoded) {
                  out.onNext(BreakableBodies.BREAK);
                } else {
                  out.onError(why);
                }
              }
            });
  }

  /** Completes the call. If nothing was sent, the body is empty. */
  private void complete() {
    if (!begun) send(ByteString.EMPTY);
    out.onCompleted();
  }
}
