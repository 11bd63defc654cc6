package dev.chowder.server.error;

import dev.chowder.actor.Ids;
import io.grpc.Context;
import io.grpc.Contexts;
import io.grpc.Metadata;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.ServerInterceptor;
import java.util.regex.Pattern;

/**
 * The id that ties a caller's request to our log lines: Envoy's {@code x-request-id}, or one made
 * here for callers that come without Envoy.
 */
public final class RequestId {
  static final Metadata.Key<String> HEADER =
      Metadata.Key.of("x-request-id", Metadata.ASCII_STRING_MARSHALLER);
  private static final Context.Key<String> CURRENT = Context.key("request-id");
  // It is written into logs and errors: nothing that could be taken for something else.
  private static final Pattern FORM = Pattern.compile("[A-Za-z0-9._-]{1,64}");

  private RequestId() {}

  /** The current call's id; {@code -} outside of one. */
  public static String current() {
    String id = CURRENT.get();
    return id == null ? "-" : id;
  }

  /** The id in these headers; valid after {@link #interceptor()} saw them. */
  public static String of(Metadata headers) {
    String id = headers.get(HEADER);
    return id == null ? "-" : id;
  }

  /** Gives every call an id, in its headers and its context. */
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
