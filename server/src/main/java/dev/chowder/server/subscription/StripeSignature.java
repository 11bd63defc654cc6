package dev.chowder.server.subscription;

import io.grpc.Context;
import io.grpc.Contexts;
import io.grpc.Metadata;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.ServerInterceptor;
import java.util.Optional;

/** Makes the header with Stripe's signature available to the service, which gets no headers. */
final class StripeSignature implements ServerInterceptor {
  static final Metadata.Key<String> HEADER =
      Metadata.Key.of("stripe-signature", Metadata.ASCII_STRING_MARSHALLER);
  private static final Context.Key<String> CURRENT = Context.key("stripe-signature");

  /** Returns the signature of the current call; empty if it has none. */
  static Optional<String> current() {
    return Optional.ofNullable(CURRENT.get());
  }

  @Override
  public <Q, A> ServerCall.Listener<Q> interceptCall(
      ServerCall<Q, A> call, Metadata headers, ServerCallHandler<Q, A> next) {
    String signature = headers.get(HEADER);
    return signature == null
        ? next.startCall(call, headers)
        : Contexts.interceptCall(
            Context.current().withValue(CURRENT, signature), call, headers, next);
  }
}
