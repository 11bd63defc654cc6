package dev.chowder.server.error;

import dev.chowder.base.Ids;
import io.grpc.Context;
import io.grpc.Contexts;
import io.grpc.Metadata;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.ServerInterceptor;
import java.util.regex.Pattern;

/**
 * The id that connects a request with its log lines: Envoy's {@code x-request-id}, or a generated
 * id for callers that do not use Envoy.
 */
public final class RequestId {
  static final Metadata.Key<String> HEADER =
      Metadata.Key.of("x-request-id", Metadata.ASCII_STRING_MARSHALLER);
  private static final Context.Key<String> CURRENT = Context.key("request-id");
  // The id appears in logs and errors, so it must not contain characters that could forge them.
  private static final Pattern FORM = Pattern.compile("[A-Za-z0-9._-]{1,64}");

  private RequestId() {}

  /** Returns the id of the current call, or {@code -} outside a call. */
  public static String current() {
    String id = CURRENT.get();
    return id == null ? "-" : id;
  }

  /** Returns the id in headers that passed {@link #interceptor()}. */
  public static String of(Metadata headers) {
    String id = headers.get(HEADER);
    return id == null ? "-" : id;
  }

  /** Returns the interceptor that gives every call an id, in its headers and its context. */
  public static ServerInterceptor interceptor() {
    return new ServerInterceptor() {
      @Override
      public <Q, A> ServerCall.Listener<Q> interceptCall(
          ServerCall<Q, A> call, Metadata headers, ServerCallHandler<Q, A> next) {
        String id = headers.get(HEADER);
        if (id == null || !FORM.matcher(id).matches()) {
          id = Ids.next();
          headers.discardAll(HEADER);
          headers.put(HEADER, id);
        }
        return Contexts.interceptCall(
            Context.current().withValue(CURRENT, id), call, headers, next);
      }
    };
  }
}
