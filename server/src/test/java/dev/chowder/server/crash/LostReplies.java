package dev.chowder.server.crash;

import io.grpc.CallOptions;
import io.grpc.Channel;
import io.grpc.ClientCall;
import io.grpc.ClientInterceptor;
import io.grpc.ForwardingClientCall.SimpleForwardingClientCall;
import io.grpc.ForwardingClientCallListener.SimpleForwardingClientCallListener;
import io.grpc.Metadata;
import io.grpc.MethodDescriptor;
import io.grpc.Status;

/**
 * Turns replies of a dead node into a lost connection, because a dead process sends none. Its last
 * threads may respond before its ports are closed.
 */
record LostReplies(NodeRun run) implements ClientInterceptor {
  @Override
  public <Q, A> ClientCall<Q, A> interceptCall(
      MethodDescriptor<Q, A> method, CallOptions options, Channel next) {
    return new SimpleForwardingClientCall<Q, A>(next.newCall(method, options)) {
      @Override
      public void start(Listener<A> listener, Metadata headers) {
        super.start(
            new SimpleForwardingClientCallListener<A>(listener) {
              @Override
              public void onMessage(A message) {
                if (!run.isOver()) {
                  super.onMessage(message);
                } else {
                  // The end of the call waits behind messages that the caller did not request.
                  request(1);
                }
              }

              @Override
              public void onClose(Status status, Metadata trailers) {
                super.onClose(
                    run.isOver()
                        ? Status.UNAVAILABLE.withDescription("the node died, after " + status)
                        : status,
                    trailers);
              }
            },
            headers);
      }
    };
  }
}
