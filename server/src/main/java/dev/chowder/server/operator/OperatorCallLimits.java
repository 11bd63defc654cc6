package dev.chowder.server.operator;

import static dev.chowder.base.ErrorText.cannot;

import dev.chowder.api.v1.Reason;
import dev.chowder.server.ServerSettings;
import dev.chowder.server.error.ApiError;
import io.grpc.ForwardingServerCall.SimpleForwardingServerCall;
import io.grpc.ForwardingServerCallListener.SimpleForwardingServerCallListener;
import io.grpc.Metadata;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.ServerInterceptor;
import io.grpc.Status;
import java.time.Duration;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;

/**
 * Bounds the number of operators' calls in progress, and the time of each, so that a slow client
 * cannot hold a permit forever. If a call times out, its command continues.
 */
final class OperatorCallLimits implements ServerInterceptor, AutoCloseable {
  private final ServerSettings.Operator limits;
  private final Semaphore permits;
  private final ScheduledExecutorService timer =
      Executors.newSingleThreadScheduledExecutor(
          Thread.ofPlatform().daemon().name("operator-timeouts").factory());

  OperatorCallLimits(ServerSettings.Operator limits) {
    this.limits = limits;
    this.permits = new Semaphore(limits.maxRequests());
  }

  @Override
  public <Q, A> ServerCall.Listener<Q> interceptCall(
      ServerCall<Q, A> call, Metadata headers, ServerCallHandler<Q, A> next) {
    if (!permits.tryAcquire()) {
      throw ApiError.of(
          Reason.RATE_LIMITED,
          cannot(
              "complete the request",
              "the operator port has " + limits.maxRequests() + " requests in progress, its limit",
              "retry later"));
    }
    var timed = new TimedCall<>(call);
    var timeout = timeout(String.valueOf(call.getMethodDescriptor().getBareMethodName()));
    var end = new End(timer.schedule(timed::timeOut, timeout.toMillis(), TimeUnit.MILLISECONDS));
    ServerCall.Listener<Q> listener;
    try {
      listener = next.startCall(timed, headers);
    } catch (RuntimeException | Error thrown) {
      end.run();
      throw thrown;
    }
    // The transport calls exactly one of these two, after the command has returned.
    return new SimpleForwardingServerCallListener<>(listener) {
      @Override
      public void onCancel() {
        end.run();
        super.onCancel();
      }

      @Override
      public void onComplete() {
        end.run();
        super.onComplete();
      }
    };
  }

  /** Some RPCs read or write the whole database, or start many agents. */
  private Duration timeout(String rpc) {
    return switch (rpc) {
      case "RebuildRows", "RecoverInstances" -> limits.rebuildTimeout();
      case "CreateBackup", "RewriteSecrets" -> limits.backupTimeout();
      case "StopInstance" -> IncidentResponse.STOP_TIMEOUT.plus(limits.requestTimeout());
      default -> limits.requestTimeout();
    };
  }

  @Override
  public void close() {
    timer.shutdownNow();
  }

  /** Ends the timer of a call and releases its permit, once. */
  private final class End implements Runnable {
    private final Future<?> timeout;
    private final AtomicBoolean ended = new AtomicBoolean();

    End(Future<?> timeout) {
      this.timeout = timeout;
    }

    @Override
    public void run() {
      if (!ended.compareAndSet(false, true)) return;
      timeout.cancel(false);
      permits.release();
    }
  }

  /** A call that the timer may close. Ignores what its command sends afterwards. */
  private static final class TimedCall<Q, A> extends SimpleForwardingServerCall<Q, A> {
    private boolean closed;

    TimedCall(ServerCall<Q, A> call) {
      super(call);
    }

    void timeOut() {
      close(
          Status.UNKNOWN.withCause(
              ApiError.of(
                  Reason.NO_ANSWER_IN_TIME,
                  cannot(
                      "complete the request in time",
                      "it did not arrive, or its command still runs",
                      "see the server's log"))),
          new Metadata());
    }

    @Override
    public synchronized void sendHeaders(Metadata headers) {
      if (!closed) super.sendHeaders(headers);
    }

    @Override
    public synchronized void sendMessage(A message) {
      if (!closed) super.sendMessage(message);
    }

    @Override
    public synchronized void close(Status status, Metadata trailers) {
      if (closed) return;
      closed = true;
      super.close(status, trailers);
    }
  }
}
