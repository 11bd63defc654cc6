package dev.chowder.server.error;

import io.grpc.ForwardingServerCallListener.SimpleForwardingServerCallListener;
import io.grpc.Metadata;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.ServerInterceptor;

/**
 * Closes a call with the status of an {@link ApiError} that its request causes. For gRPC's own
 * services, whose other statuses must stay unchanged; {@link ErrorInterceptor} would add details.
 */
public final class RequestErrors implements ServerInterceptor {
  @Override
  public <Q, A> ServerCall.Listener<Q> interceptCall(
      ServerCall<Q, A> call, Metadata headers, ServerCallHandler<Q, A> next) {
    return new SimpleForwardingServerCallListener<>(next.startCall(call, headers)) {
      private boolean ended;

      @Override
      public void onMessage(Q request) {
        endOnError(() -> super.onMessage(request));
      }

      @Override
      public void onHalfClose() {
        endOnError(super::onHalfClose);
      }

      @Override
      public void onReady() {
        endOnError(super::onReady);
      }

      private void endOnError(Runnable event) {
        if (ended) return;
        try {
          event.run();
        } catch (ApiError why) {
          ended = true;
          call.close(why.toStatus(), new Metadata());
        }
      }
    };
  }
}
