package dev.chowder.server.call;

import io.grpc.Context;
import io.grpc.Contexts;
import io.grpc.ForwardingServerCall.SimpleForwardingServerCall;
import io.grpc.Metadata;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.ServerInterceptor;

/**
 * Lets a service set response headers before its first message, which gRPC's generated services
 * cannot. Envoy's configuration decides which of them REST callers get.
 */
public final class ResponseHeaders implements ServerInterceptor {
  private static final Context.Key<Metadata> CURRENT = Context.key("response-headers");
  private static final Metadata.Key<String> HTTP_STATUS = key("x-http-status");
  private static final Metadata.Key<String> RETRY_AFTER = key("retry-after");

  /**
   * Returns the headers of the current call. Call it while the handler of the call runs. One thread
   * at a time may fill them until the first message is sent.
   */
  public static Metadata current() {
    Metadata headers = CURRENT.get();
    if (headers == null) {
      throw new IllegalStateException(
          "cannot set response headers: the current thread serves no call");
    }
    return headers;
  }

  public static void putHttpStatus(Metadata headers, int status) {
    headers.discardAll(HTTP_STATUS);
    headers.put(HTTP_STATUS, Integer.toString(status));
  }

  public static void putRetryAfter(Metadata headers, String value) {
    headers.discardAll(RETRY_AFTER);
    headers.put(RETRY_AFTER, value);
  }

  @Override
  public <Q, A> ServerCall.Listener<Q> interceptCall(
      ServerCall<Q, A> call, Metadata headers, ServerCallHandler<Q, A> next) {
    var own = new Metadata();
    var withHeaders =
        new SimpleForwardingServerCall<Q, A>(call) {
          @Override
          public void sendHeaders(Metadata sent) {
            sent.merge(own);
            super.sendHeaders(sent);
          }
        };
    return Contexts.interceptCall(
        Context.current().withValue(CURRENT, own), withHeaders, headers, next);
  }

  private static Metadata.Key<String> key(String name) {
    return Metadata.Key.of(name, Metadata.ASCII_STRING_MARSHALLER);
  }
}
