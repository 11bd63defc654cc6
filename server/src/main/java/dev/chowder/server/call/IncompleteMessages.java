package dev.chowder.server.call;

import static dev.chowder.base.ErrorText.cannot;

import dev.chowder.server.auth.Caller;
import dev.chowder.server.error.ApiError;
import io.grpc.Context;
import io.grpc.ForwardingServerCallListener.SimpleForwardingServerCallListener;
import io.grpc.Metadata;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.ServerInterceptor;
import io.grpc.ServerStreamTracer;
import io.grpc.Status;
import java.util.HashMap;
import java.util.Map;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Bounds the bytes of request messages that a node holds because they are incomplete, or because
 * the client has not ended the request. gRPC keeps each message until it is complete, and the only
 * message of a call until the end of the request. No time limit ends a call whose client sends a
 * byte now and then. So a few calls could take all memory, also of services that need no key.
 *
 * <p>An owner is an organization, all callers without a key together, or Envoy. It may hold {@value
 * #SHARE} times as many bytes as are free. A call that exceeds this is ended and not performed. A
 * call with a message below {@value #SMALL} bytes is not ended while its owner holds at most
 * {@value #ALWAYS} bytes, so small calls are served however much others hold.
 */
public final class IncompleteMessages {
  private static final int SHARE = 3;

  /** More than a query of Envoy has, because Envoy limits the headers of a request. */
  private static final int SMALL = 24_576;

  private static final int ALWAYS = 4 << 20;

  private static final int RETRY_AFTER_SECONDS = 1;
  private static final String NO_KEY = "";
  private static final String INTERNAL = "internal";
  private static final Context.Key<Message> MESSAGE = Context.key("incomplete-message");

  private final Map<String, Long> held = new HashMap<>();
  private long free;

  /**
   * Creates the bound of a node.
   *
   * @param maxBytes bytes of all callers together
   */
  public IncompleteMessages(long maxBytes) {
    this.free = maxBytes;
  }

  /** Returns the tracer that counts the bytes of each call. */
  public ServerStreamTracer.Factory tracers() {
    return new ServerStreamTracer.Factory() {
      @Override
      public ServerStreamTracer newServerStreamTracer(String method, Metadata headers) {
        return new Message();
      }
    };
  }

  /** Returns the interceptor of every call, also of those that need no key. */
  public ServerInterceptor ofAll() {
    return new ServerInterceptor() {
      @Override
      public <Q, A> ServerCall.Listener<Q> interceptCall(
          ServerCall<Q, A> call, Metadata headers, ServerCallHandler<Q, A> next) {
        var message = MESSAGE.get();
        if (message == null) return next.startCall(call, headers);
        message.isOnlyOne = call.getMethodDescriptor().getType().clientSendsOneMessage();
        message.assignTo(NO_KEY, why -> close(call, why));
        return new Holding<>(next.startCall(call, headers), message);
      }
    };
  }

  /**
   * Returns the interceptor of the API's calls. Install it inside the interceptor that checks the
   * key.
   */
  public ServerInterceptor ofCallers() {
    return owner(() -> Caller.ifKnown().map(Caller::organizationId).orElse(NO_KEY));
  }

  /** Returns the interceptor of services for Envoy, which callers cannot reach. */
  public ServerInterceptor ofInternal() {
    return owner(() -> INTERNAL);
  }

  private static ServerInterceptor owner(Supplier<String> owner) {
    return new ServerInterceptor() {
      @Override
      public <Q, A> ServerCall.Listener<Q> interceptCall(
          ServerCall<Q, A> call, Metadata headers, ServerCallHandler<Q, A> next) {
        var message = MESSAGE.get();
        if (message != null) {
          message.assignTo(owner.get(), why -> close(call, why));
        }
        return next.startCall(call, headers);
      }
    };
  }

  private static void close(ServerCall<?, ?> call, ApiError why) {
    var status = Status.fromCode(why.code()).withDescription(why.getMessage()).withCause(why);
    try {
      call.close(status, new Metadata());
    } catch (IllegalStateException closed) {
      // The service closed it in the meantime.
    }
  }

  private interface Closer {
    void close(ApiError why);
  }

  /** Drops calls that were ended, and releases the bytes of a call's only message when it runs. */
  private static final class Holding<Q> extends SimpleForwardingServerCallListener<Q> {
    private final Message message;

    Holding(ServerCall.Listener<Q> listener, Message message) {
      super(listener);
      this.message = message;
    }

    @Override
    public void onMessage(Q request) {
      if (!message.isRejected()) super.onMessage(request);
    }

    @Override
    public void onHalfClose() {
      if (message.isRejected()) return;
      message.complete();
      super.onHalfClose();
    }
  }

  /** The message of one call that the node holds. */
  private final class Message extends ServerStreamTracer {
    private String owner = NO_KEY;
    private @Nullable Closer closer;
    private long bytes;
    private boolean over;
    private boolean rejected;

    /** True if gRPC keeps the message until the end of the request. */
    private volatile boolean isOnlyOne;

    /** True if the bytes are counted again when they are decompressed. */
    private boolean isCompressed;

    @Override
    public Context filterContext(Context context) {
      return context.withValue(MESSAGE, this);
    }

    void assignTo(String organizationId, Closer closeCall) {
      synchronized (IncompleteMessages.this) {
        long moved = bytes;
        release();
        owner = organizationId;
        hold(moved);
        closer = closeCall;
      }
    }

    boolean isRejected() {
      synchronized (IncompleteMessages.this) {
        return rejected;
      }
    }

    void complete() {
      synchronized (IncompleteMessages.this) {
        release();
      }
    }

    @Override
    public void inboundWireSize(long more) {
      take(more);
    }

    @Override
    public void inboundUncompressedSize(long more) {
      if (isCompressed) take(more);
    }

    private void take(long more) {
      Closer closeCall;
      synchronized (IncompleteMessages.this) {
        if (over) return;
        hold(more);
        long all = held.getOrDefault(owner, 0L);
        if (all <= SHARE * free || (bytes < SMALL && all <= ALWAYS)) return;
        over = true;
        rejected = true;
        release();
        closeCall = closer;
      }
      if (closeCall == null) return;
      // Not on this thread, which belongs to the transport and is in the middle of a message.
      Thread.ofVirtual()
          .start(
              () ->
                  closeCall.close(
                      ApiError.rateLimited(
                          cannot(
                              "accept the message",
                              "the node holds too many bytes of incomplete messages",
                              "retry later"),
                          RETRY_AFTER_SECONDS)));
    }

    private void hold(long more) {
      bytes += more;
      free -= more;
      if (more > 0) held.merge(owner, more, Long::sum);
    }

    private void release() {
      long released = bytes;
      bytes = 0;
      free += released;
      held.computeIfPresent(owner, (_, all) -> all == released ? null : all - released);
    }

    @Override
    public void inboundMessageRead(int number, long wireBytes, long bytesUncompressed) {
      if (isOnlyOne) isCompressed = bytesUncompressed < 0;
      else complete();
    }

    @Override
    public void streamClosed(Status status) {
      synchronized (IncompleteMessages.this) {
        over = true;
        release();
      }
    }
  }
}
