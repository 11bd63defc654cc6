package dev.chowder.server.call;

import dev.chowder.api.v1.Instance;
import dev.chowder.api.v1.Key;
import dev.chowder.server.rpc.RpcFacts;
import io.grpc.Context;
import io.grpc.Contexts;
import io.grpc.ForwardingServerCall.SimpleForwardingServerCall;
import io.grpc.Metadata;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.ServerInterceptor;
import io.grpc.Status;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Carries the headers of a call between its caller and its service. A service can read request
 * headers, and set response headers before its first message, which gRPC's generated services
 * cannot. Sets the HTTP status that the protocol declares for a success, and the location of a
 * created resource. Envoy's configuration decides which headers REST callers get. Does not change
 * errors.
 */
public final class CallHeaders implements ServerInterceptor {
  private static final Context.Key<Metadata> REQUEST = Context.key("request-headers");
  private static final Context.Key<Metadata> RESPONSE = Context.key("response-headers");
  private static final Context.Key<Runnable> SENDING = Context.key("sending-of-response-headers");
  private static final Metadata.Key<String> HTTP_STATUS = key("x-http-status");
  private static final Metadata.Key<String> RETRY_AFTER = key("retry-after");
  private static final Metadata.Key<String> LOCATION = key("location");

  private static final int OK = 200;

  /** Returns the first value of a request header. Call it on the thread of the call. */
  public static Optional<String> requested(String name) {
    var headers = REQUEST.get();
    return headers == null ? Optional.empty() : Optional.ofNullable(headers.get(key(name)));
  }

  /**
   * Returns the response headers of the current call. Call it while the handler of the call runs.
   * One thread at a time may fill them until the first message is sent.
   */
  public static Metadata ofResponse() {
    Metadata headers = RESPONSE.get();
    if (headers == null) {
      throw new IllegalStateException(
          "cannot set response headers: the current thread serves no call");
    }
    return headers;
  }

  /**
   * Returns an action that sends the response headers of the current call before its first message,
   * for a stream whose first message may come late. Call this method while the handler of the call
   * runs. The action may run on any thread, but not while a message is sent. It does nothing after
   * the headers or the end of the call, or outside a call.
   */
  public static Runnable sending() {
    var sending = SENDING.get();
    return sending == null ? () -> {} : sending;
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
    int status = RpcFacts.of(call.getMethodDescriptor()).successStatus();
    var changed = new WithHeaders<>(call, own, status);
    return Contexts.interceptCall(
        Context.current()
            .withValue(REQUEST, headers)
            .withValue(RESPONSE, own)
            .withValue(SENDING, () -> changed.sendHeaders(new Metadata())),
        changed,
        headers,
        next);
  }

  private static final class WithHeaders<Q, A> extends SimpleForwardingServerCall<Q, A> {
    private final Metadata own;
    private final int status;
    private @Nullable Metadata held;

    /** Whether headers were sent or the call has ended, which a stream may see later. */
    private boolean begun;

    WithHeaders(ServerCall<Q, A> call, Metadata own, int status) {
      super(call);
      this.own = own;
      this.status = status;
    }

    /**
     * Delays the headers of a success until the message, from which the location comes. gRPC sends
     * headers with the first message, perhaps again.
     */
    @Override
    public synchronized void sendHeaders(Metadata sent) {
      if (begun) return;
      begun = true;
      sent.merge(own);
      if (status == OK || sent.containsKey(HTTP_STATUS)) {
        super.sendHeaders(sent);
      } else {
        held = sent;
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

    @Override
    public synchronized void close(Status end, Metadata trailers) {
      begun = true;
      super.close(end, trailers);
    }
  }

  private static Optional<String> location(Object created) {
    return switch (created) {
      case Instance instance -> Optional.of("/v1/instances/" + instance.getId());
      case Key key -> Optional.of("/v1/keys/" + key.getId());
      default -> Optional.empty();
    };
  }

  private static Metadata.Key<String> key(String name) {
    return Metadata.Key.of(name, Metadata.ASCII_STRING_MARSHALLER);
  }
}
