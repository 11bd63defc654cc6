package dev.chowder.server.call;

import io.grpc.Context;
import io.grpc.Contexts;
import io.grpc.Metadata;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.ServerInterceptor;
import java.util.Optional;

/** Lets a service read the request headers of its call. Does not know any header. */
public final class RequestHeaders implements ServerInterceptor {
  private static final Context.Key<Metadata> CURRENT = Context.key("request-headers");

  /** Returns the first value of a header. Call it on the thread of the call. */
  public static Optional<String> value(String name) {
    var headers = CURRENT.get();
    return headers == null
        ? Optional.empty()
        : Optional.ofNullable(headers.get(Metadata.Key.of(name, Metadata.ASCII_STRING_MARSHALLER)));
  }

  @Override
  public <Q, A> ServerCall.Listener<Q> interceptCall(
      ServerCall<Q, A> call, Metadata headers, ServerCallHandler<Q, A> next) {
    return Contexts.interceptCall(
        Context.current().withValue(CURRENT, headers), call, headers, next);
  }
}
