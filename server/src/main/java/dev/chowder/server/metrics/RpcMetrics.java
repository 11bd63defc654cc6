package dev.chowder.server.metrics;

import dev.chowder.server.error.ApiError;
import io.grpc.ForwardingServerCall.SimpleForwardingServerCall;
import io.grpc.ForwardingServerCallListener.SimpleForwardingServerCallListener;
import io.grpc.Metadata;
import io.grpc.MethodDescriptor;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.ServerInterceptor;
import io.grpc.Status;
import io.grpc.protobuf.StatusProto;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Timer;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * Measures every RPC with {@code chowder_rpc_seconds} (histogram by method and code; the method
 * shows whether it is a stream), {@code chowder_rpc_errors} (by reason) and {@code
 * chowder_rpc_open} (open calls). A call ends when the transport receives its status, or when its
 * caller disconnects.
 */
public final class RpcMetrics implements ServerInterceptor {
  private final MeterRegistry registry;
  private final AtomicInteger open;

  public RpcMetrics(MeterRegistry registry) {
    this.registry = registry;
    this.open = registry.gauge("chowder.rpc.open", new AtomicInteger());
  }

  @Override
  public <Q, A> ServerCall.Listener<Q> interceptCall(
      ServerCall<Q, A> call, Metadata headers, ServerCallHandler<Q, A> next) {
    var measured = new Measured(call.getMethodDescriptor());
    var listener =
        next.startCall(
            new SimpleForwardingServerCall<>(call) {
              @Override
              public void close(Status status, Metadata trailers) {
                measured.end(status.getCode());
                if (!status.isOk()) countReason(status, trailers);
                super.close(status, trailers);
              }
            },
            headers);
    return new SimpleForwardingServerCallListener<>(listener) {
      @Override
      public void onCancel() {
        measured.end(Status.Code.CANCELLED);
        super.onCancel();
      }
    };
  }

  private void countReason(Status status, Metadata trailers) {
    var details = StatusProto.fromStatusAndTrailers(status, trailers);
    Counter.builder("chowder.rpc.errors")
        .description("Calls that ended with an error")
        .tag("reason", ApiError.of(details).reason().name())
        .register(registry)
        .increment();
  }

  private final class Measured {
    private final MethodDescriptor<?, ?> method;
    private final Timer.Sample sample = Timer.start(registry);
    private final AtomicBoolean ended = new AtomicBoolean();

    Measured(MethodDescriptor<?, ?> method) {
      this.method = method;
      open.incrementAndGet();
    }

    void end(Status.Code code) {
      if (!ended.compareAndSet(false, true)) {
        return;
      }
      open.decrementAndGet();
      sample.stop(
          Timer.builder("chowder.rpc")
              .description("Time from a call's headers to its status")
              .tag("method", method.getFullMethodName())
              .tag("code", code.name())
              .serviceLevelObjectives(
                  Duration.ofMillis(1),
                  Duration.ofMillis(3),
                  Duration.ofMillis(10),
                  Duration.ofMillis(30),
                  Duration.ofMillis(100),
                  Duration.ofMillis(300),
                  Duration.ofSeconds(1),
                  Duration.ofSeconds(3),
                  Duration.ofSeconds(10),
                  Duration.ofSeconds(30),
                  Duration.ofSeconds(100),
                  Duration.ofSeconds(300))
              .register(registry));
    }
  }
}
