package dev.chowder.server.call;

import dev.chowder.server.auth.Caller;
import dev.chowder.server.error.ApiError;
import io.grpc.Context;
import io.grpc.Metadata;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.ServerInterceptor;
import io.grpc.ServerStreamTracer;
import io.grpc.Status;
import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Bounds the bytes of request messages that a node holds because their last byte has not come. gRPC
 * keeps each message until it is complete, and no time limit ends a call whose client sends a byte
 * now and then, so a few calls could take all memory, also of services that need no key.
 *
 * <p>An owner may hold {@value #SHARE} times as many bytes as are free: an organization, or all
 * callers without a key together. A call that brings more is ended. Messages below {@value #SMALL}
 * bytes count, but end no call, so small calls are served whatever others hold.
 */
public final class IncompleteMessages {
  private static final int SHARE = 3;

  /** More than a query of Envoy has, which is limited by the headers that Envoy takes. */
  private static final int SMALL = 24_576;

  private static final int RETRY_AFTER_SECONDS = 1;
  private static final String NO_KEY = "";
  private static final Context.Key<Message> MESSAGE = Context.key("incomplete-message");

  private final Map<String, Long> held = new HashMap<>();
  private long free;

  /**
   * Creates the bound of a node.
   *
   * @param maxBytes of all callers together
   */
  public IncompleteMessages(long maxBytes) {
    this.free = maxBytes;
  }

  /** Returns what counts the bytes of each call. */
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
    return new Ending() {
      @Override
      void end(ServerCall<?, ?> call, ApiError why) {
        call.close(
            Status.fromCode(why.reason().code()).withDescription(why.getMessage()), new Metadata());
      }
    };
  }

  /** Returns the interceptor of the API's calls, behind the check of the key. */
  public ServerInterceptor ofCallers() {
    return new Ending() {
      @Override
      void end(ServerCall<?, ?> call, ApiError why) {
        call.close(Status.fromCode(why.reason().code()).withCause(why), new Metadata());
      }
    };
  }

  private abstract static class Ending implements ServerInterceptor {
    abstract void end(ServerCall<?, ?> call, ApiError why);

    @Override
    public <Q, A> ServerCall.Listener<Q> interceptCall(
        ServerCall<Q, A> call, Metadata headers, ServerCallHandler<Q, A> next) {
      var message = MESSAGE.get();
      if (message != null) {
        message.belongs(
            Caller.ifKnown().map(Caller::organizationId).orElse(NO_KEY), why -> end(call, why));
      }
      return next.startCall(call, headers);
    }
  }

  private interface End {
    void because(ApiError why);
  }

  /** The message of one call that is not complete. */
  private final class Message extends ServerStreamTracer {
    private String owner = NO_KEY;
    private @Nullable End end;
    private long bytes;
    private boolean over;

    @Override
    public Context filterContext(Context context) {
      return context.withValue(MESSAGE, this);
    }

    void belongs(String organizationId, End how) {
      synchronized (IncompleteMessages.this) {
        long moved = bytes;
        release();
        owner = organizationId;
        hold(moved);
        end = how;
      }
    }

    @Override
    public void inboundWireSize(long more) {
      End how;
      synchronized (IncompleteMessages.this) {
        if (over) return;
        hold(more);
        if (bytes < SMALL || held.getOrDefault(owner, 0L) <= SHARE * free) return;
        over = true;
        release();
        how = end;
      }
      if (how == null) return;
      // This is the transport's thread, in the middle of a message.
      Thread.ofVirtual()
          .start(
              () ->
                  how.because(
                      ApiError.rateLimited(
                          "too many bytes of incomplete messages; retry later",
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
      synchronized (IncompleteMessages.this) {
        release();
      }
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
