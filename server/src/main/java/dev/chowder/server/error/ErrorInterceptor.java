package dev.chowder.server.error;

import static dev.chowder.base.ErrorText.cannot;

import dev.chowder.api.v1.Reason;
import dev.chowder.storage.Outage;
import io.grpc.ForwardingServerCall.SimpleForwardingServerCall;
import io.grpc.Metadata;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.ServerInterceptor;
import io.grpc.Status;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Closes every failed call in the same way, whether its service returned an error or threw. An
 * unexpected exception is a bug: it is logged once with the request id, and the caller receives
 * only that id. An unavailable database is not a bug. Does not know services.
 */
public final class ErrorInterceptor implements ServerInterceptor {
  private static final Logger LOG = LoggerFactory.getLogger(ErrorInterceptor.class);

  @Override
  public <Q, A> ServerCall.Listener<Q> interceptCall(
      ServerCall<Q, A> call, Metadata headers, ServerCallHandler<Q, A> next) {
    var explained = new ExplainedCall<>(call, RequestId.of(headers));
    ServerCall.Listener<Q> listener;
    try {
      listener = next.startCall(explained, headers);
    } catch (RuntimeException | Error thrown) {
      explained.fail(thrown);
      return new ServerCall.Listener<>() {};
    }
    return new CatchingListener<>(listener, explained);
  }

  /** Adds details to the trailers of a failed call, and headers if none were sent yet. */
  private static final class ExplainedCall<Q, A> extends SimpleForwardingServerCall<Q, A> {
    private final String requestId;
    private boolean headersSent;
    private boolean closed;

    ExplainedCall(ServerCall<Q, A> call, String requestId) {
      super(call);
      this.requestId = requestId;
    }

    @Override
    public synchronized void sendHeaders(Metadata headers) {
      headersSent = true;
      super.sendHeaders(headers);
    }

    void fail(Throwable thrown) {
      // Status.fromThrowable would return a status that a client stub of this node received. The
      // caller must not receive that.
      close(Status.UNKNOWN.withCause(thrown), new Metadata());
    }

    @Override
    public synchronized void close(Status status, Metadata trailers) {
      if (closed) {
        return;
      }
      closed = true;
      if (status.isOk()) {
        super.close(status, trailers);
        return;
      }
      ApiError error = explain(status);
      if (!headersSent) {
        headersSent = true;
        var headers = new Metadata();
        error.putHeaders(headers);
        super.sendHeaders(headers);
      }
      error.putDetails(trailers);
      super.close(error.toStatus(), trailers);
    }

    private ApiError explain(Status status) {
      ApiError known = ApiError.in(status.getCause());
      if (known != null) {
        return known;
      }
      @Nullable Throwable cause = status.getCause();
      if (cause != null && Outage.isBehind(cause)) {
        return outage(cause);
      }
      Reason reason = ReasonFacts.reasonOf(status.getCode());
      if (reason == Reason.INTERNAL) {
        return bug(status);
      }
      String description = status.getDescription();
      return ApiError.of(reason, description == null ? reason.name() : description);
    }

    private ApiError outage(Throwable why) {
      LOG.warn(
          "request={} method={} the database does not answer: {}",
          requestId,
          getMethodDescriptor().getFullMethodName(),
          why.toString().lines().findFirst().orElse(""));
      return ApiError.databaseUnavailable();
    }

    private ApiError bug(Status status) {
      @Nullable Throwable cause = status.getCause();
      LOG.error(
          "request={} method={} failed: {}",
          requestId,
          getMethodDescriptor().getFullMethodName(),
          cause == null ? status : cause.getClass().getName(),
          cause);
      return ApiError.of(
          Reason.INTERNAL,
          cannot(
              "complete the call",
              "a bug in Chowder",
              "report request id " + requestId + " to the operator"));
    }
  }

  /**
   * Fails the call if its listener throws; the listener then receives no more messages, only the
   * end of the call.
   */
  private static final class CatchingListener<Q, A> extends ServerCall.Listener<Q> {
    private final ServerCall.Listener<Q> listener;
    private final ExplainedCall<Q, A> call;
    private boolean broken;

    CatchingListener(ServerCall.Listener<Q> listener, ExplainedCall<Q, A> call) {
      this.listener = listener;
      this.call = call;
    }

    @Override
    public void onMessage(Q message) {
      guarded(() -> listener.onMessage(message));
    }

    @Override
    public void onHalfClose() {
      guarded(listener::onHalfClose);
    }

    @Override
    public void onReady() {
      guarded(listener::onReady);
    }

    @Override
    public void onCancel() {
      // Also for a broken listener, since it may hold resources.
      try {
        listener.onCancel();
      } catch (RuntimeException | Error thrown) {
        LOG.warn("request={} clean-up after cancel failed", call.requestId, thrown);
      }
    }

    @Override
    public void onComplete() {
      try {
        listener.onComplete();
      } catch (RuntimeException | Error thrown) {
        LOG.warn("request={} clean-up after completion failed", call.requestId, thrown);
      }
    }

    private void guarded(Runnable event) {
      if (broken) {
        return;
      }
      try {
        event.run();
      } catch (RuntimeException | Error thrown) {
        broken = true;
        call.fail(thrown);
      }
    }
  }
}
