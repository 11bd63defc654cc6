package dev.chowder.server.file;

import com.google.api.HttpBody;
import com.google.protobuf.ByteString;
import dev.chowder.server.call.RequestHeaders;
import dev.chowder.server.error.ApiError;
import dev.chowder.server.error.Reason;
import io.grpc.stub.ServerCallStreamObserver;
import io.grpc.stub.StreamObserver;
import java.time.Duration;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;

/**
 * A body on its way to a caller, no faster than the caller takes it: whoever sends waits while the
 * transport has no room. Make it on the call's own thread, before its handler returns.
 */
final class OutgoingBody {
  private final ServerCallStreamObserver<HttpBody> out;
  private final Duration timeout;
  private final ReentrantLock lock = new ReentrantLock();
  private final Condition changed = lock.newCondition();
  private final boolean transcoded = RequestHeaders.value("x-envoy-original-path").isPresent();
  private boolean gone;
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
      gone |= cancelled;
      changed.signalAll();
    } finally {
      lock.unlock();
    }
  }

  void type(String type) {
    contentType = type;
  }

  /** Sends the next bytes; throws when the caller went away or takes nothing for too long. */
  void send(ByteString data) {
    awaitRoom();
    var body = HttpBody.newBuilder().setData(data);
    if (!begun) body.setContentType(contentType);
    begun = true;
    out.onNext(body.build());
  }

  private void awaitRoom() {
    lock.lock();
    try {
      long left = timeout.toNanos();
      while (!out.isReady() && !gone) {
        if (left <= 0) {
          throw ApiError.of(
              Reason.NO_ANSWER_IN_TIME,
              "caller: took nothing for " + timeout.toSeconds() + " s (expected: a reader)");
        }
        left = changed.awaitNanos(left);
      }
      if (gone) throw ApiError.of(Reason.CANCELLED, "caller: gone (expected: a reader)");
    } catch (InterruptedException stop) {
      Thread.currentThread().interrupt();
      throw ApiError.of(Reason.SERVER_UNAVAILABLE, "node: ends (expected: the same call again)");
    } finally {
      lock.unlock();
    }
  }

  /**
   * Sends what this sends, on a thread of its own; then it ends, well or with what was thrown. Over
   * REST a body has no other end than a good one, so what broke off is reset.
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

  /** All was sent; nothing at all is a body, too. */
  private void complete() {
    if (!begun) send(ByteString.EMPTY);
    out.onCompleted();
  }
}
