package dev.chowder.server.call;

import dev.chowder.api.v1.Instance;
import dev.chowder.api.v1.Key;
import dev.chowder.server.rpc.RpcFacts;
import io.grpc.ForwardingServerCall.SimpleForwardingServerCall;
import io.grpc.Metadata;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.ServerInterceptor;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Sets the HTTP status of RPCs that the protocol declares to succeed with another one than 200, and
 * the location of a created resource. Does not change errors.
 */
public final class SuccessStatus implements ServerInterceptor {
  private static final Metadata.Key<String> HTTP_STATUS =
      Metadata.Key.of("x-http-status", Metadata.ASCII_STRING_MARSHALLER);
  private static final Metadata.Key<String> LOCATION =
      Metadata.Key.of("location", Metadata.ASCII_STRING_MARSHALLER);

  private static final int OK = 200;

  @Override
  public <Q, A> ServerCall.Listener<Q> interceptCall(
      ServerCall<Q, A> call, Metadata headers, ServerCallHandler<Q, A> next) {
    int status = RpcFacts.of(call.getMethodDescriptor()).successStatus();
    return next.startCall(status == OK ? call : new DelayedHeadersCall<>(call, status), headers);
  }

  /** Delays the headers until the message, because {@code Location} comes from the message. */
  private static final class DelayedHeadersCall<Q, A> extends SimpleForwardingServerCall<Q, A> {
    private final int status;
    private @Nullable Metadata held;

    DelayedHeadersCall(ServerCall<Q, A> call, int status) {
      super(call);
      this.status = status;
    }

    @Override
    public void sendHeaders(Metadata headers) {
      if (headers.containsKey(HTTP_STATUS)) {
        super.sendHeaders(headers);
      } else {
        held = headers;
      }
    }

    @Override
    public void sendMessage(A message) {
      Metadata headers = held;
      if (headers != null) {
        held = null;
        headers.put(HTTP_STATUS, Integer.toString(status));
        location(message).ifPresent(path -> headers.put(LOCATION, path));
        super.sendHeaders(headers);
      }
      super.sendMessage(message);
    }
  }

  private static Optional<String> location(Object created) {
    return switch (created) {
      case Instance instance -> Optional.of("/v1/instances/" + instance.getId());
      case Key key -> Optional.of("/v1/keys/" + key.getId());
      default -> Optional.empty();
    };
  }
}
