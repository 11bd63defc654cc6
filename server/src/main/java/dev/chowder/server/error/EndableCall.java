package dev.chowder.server.error;

import io.grpc.ForwardingServerCall.SimpleForwardingServerCall;
import io.grpc.Metadata;
import io.grpc.ServerCall;
import io.grpc.Status;

/**
 * A call that a thread other than its service's may end with an error. Ignores what the service
 * sends afterwards.
 */
public class EndableCall<Q, A> extends SimpleForwardingServerCall<Q, A> {
  private boolean closed;

  public EndableCall(ServerCall<Q, A> call) {
    super(call);
  }

  @Override
  public final synchronized void sendHeaders(Metadata headers) {
    if (!closed) super.sendHeaders(headers);
  }

  @Override
  public final synchronized void sendMessage(A message) {
    if (!closed) super.sendMessage(message);
  }

  @Override
  public final synchronized void close(Status status, Metadata trailers) {
    if (closed) return;
    closed = true;
    super.close(status, trailers);
  }

  /** Ends the call, unless it has ended. */
  public void end(ApiError why) {
    close(Status.fromCode(why.code()).withCause(why), new Metadata());
  }
}
