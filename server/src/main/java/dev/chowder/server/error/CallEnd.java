package dev.chowder.server.error;

import io.grpc.ForwardingServerCallListener.SimpleForwardingServerCallListener;
import io.grpc.Metadata;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import java.util.concurrent.atomic.AtomicBoolean;

/** Runs an action when a call ends, whatever happens to it. */
public final class CallEnd {
  private CallEnd() {}

  /**
   * Starts a call.
   *
   * @param action runs once, before the service learns that the call ended, or when {@code next}
   *     throws
   */
  public static <Q, A> ServerCall.Listener<Q> start(
      ServerCall<Q, A> call, Metadata headers, ServerCallHandler<Q, A> next, Runnable action) {
    var ended = new AtomicBoolean();
    Runnable end =
        () -> {
          if (ended.compareAndSet(false, true)) action.run();
        };
    ServerCall.Listener<Q> listener;
    try {
      listener = next.startCall(call, headers);
    } catch (RuntimeException | Error thrown) {
      end.run();
      throw thrown;
    }
    // The transport calls exactly one of these two.
    return new SimpleForwardingServerCallListener<>(listener) {
      @Override
      public void onCancel() {
        end.run();
        super.onCancel();
      }

      @Override
      public void onComplete() {
        end.run();
        super.onComplete();
      }
    };
  }
}
