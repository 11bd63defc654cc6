package dev.chowder.server.operator;

import static dev.chowder.base.ErrorText.cannot;

import dev.chowder.api.v1.Reason;
import dev.chowder.server.ServerSettings;
import dev.chowder.server.error.ApiError;
import dev.chowder.server.error.CallEnd;
import dev.chowder.server.error.EndableCall;
import io.grpc.Metadata;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.ServerInterceptor;
import java.time.Duration;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;

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
    var timed = new EndableCall<>(call);
    var timeout = timeout(String.valueOf(call.getMethodDescriptor().getBareMethodName()));
    var timing = timer.schedule(() -> timed.end(late()), timeout.toMillis(), TimeUnit.MILLISECONDS);
    // The transport reports the end after the command has returned.
    return CallEnd.start(
        timed,
        headers,
        next,
        () -> {
          timing.cancel(false);
          permits.release();
        });
  }

  private static ApiError late() {
    return ApiError.of(
        Reason.NO_ANSWER_IN_TIME,
        cannot(
            "complete the request in time",
            "it did not arrive, or its command still runs",
            "see the server's log"));
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
}
