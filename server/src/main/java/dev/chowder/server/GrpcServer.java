package dev.chowder.server;

import dev.chowder.server.auth.ClientAddress;
import dev.chowder.server.auth.KeyCheck;
import dev.chowder.server.call.BoundedRequests;
import dev.chowder.server.call.IncompleteMessages;
import dev.chowder.server.call.UnknownMethods;
import dev.chowder.server.error.ErrorInterceptor;
import dev.chowder.server.error.RequestErrors;
import dev.chowder.server.error.RequestId;
import dev.chowder.server.metrics.RpcMetrics;
import dev.chowder.server.rate.RateLimit;
import io.grpc.BindableService;
import io.grpc.Server;
import io.grpc.ServerBuilder;
import io.grpc.ServerCredentials;
import io.grpc.ServerInterceptor;
import io.grpc.ServerInterceptors;
import io.grpc.ServerServiceDefinition;
import io.grpc.health.v1.HealthCheckResponse.ServingStatus;
import io.grpc.netty.shaded.io.grpc.netty.NettyServerBuilder;
import io.grpc.protobuf.services.HealthStatusManager;
import io.grpc.protobuf.services.ProtoReflectionServiceV1;
import io.micrometer.core.instrument.MeterRegistry;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;

/**
 * The server of the gRPC port: the API's services behind their interceptors, gRPC's own services
 * (health, reflection) and Envoy's authorization service. Does not know services' details.
 */
public final class GrpcServer implements AutoCloseable {
  /** Longer than any name of a service or a proto file. */
  private static final int MAX_BYTES_WITHOUT_KEY = 16_384;

  private final Server server;
  private final HealthStatusManager health;
  private final ExecutorService executor;
  private final Duration shutdownGrace;

  private GrpcServer(
      Server server, HealthStatusManager health, ExecutorService executor, Duration shutdownGrace) {
    this.server = server;
    this.health = health;
    this.executor = executor;
    this.shutdownGrace = shutdownGrace;
  }

  /**
   * The services of a server.
   *
   * @param api services of the public API; a method requires a key unless the protocol declares
   *     otherwise
   * @param internal services outside the API, which authenticate their own callers
   */
  public record Services(List<BindableService> api, List<ServerServiceDefinition> internal) {}

  /**
   * The checks that a call passes before its service.
   *
   * @param keys authenticates keys
   * @param addresses finds the client's address
   * @param rate limits the calls of an organization
   * @param streams closes streams of revoked keys
   * @param audit records sensitive calls; reads messages
   * @param idempotency executes a call with an idempotency key once; reads messages
   */
  public record Gate(
      KeyCheck keys,
      ClientAddress addresses,
      RateLimit rate,
      ServerInterceptor streams,
      ServerInterceptor audit,
      ServerInterceptor idempotency) {}

  /**
   * Creates a server on the network without starting it.
   *
   * @param credentials the server's certificate and the CA of client certificates
   */
  public static GrpcServer onNetwork(
      ServerSettings settings,
      ServerCredentials credentials,
      Services services,
      Gate gate,
      MeterRegistry metrics) {
    ServerSettings.Grpc grpc = settings.grpc();
    var builder =
        NettyServerBuilder.forAddress(
                new InetSocketAddress(settings.bind(), grpc.port()), credentials)
            // Up to twice the documented limit, the caller receives Chowder's error. Above, the
            // transport closes the call.
            .maxInboundMessageSize(2 * grpc.maxMessageBytes())
            .maxInboundMetadataSize(grpc.maxMetadataBytes())
            .maxConcurrentCallsPerConnection(grpc.maxCallsPerConnection())
            .permitKeepAliveTime(
                grpc.minClientKeepAliveInterval().toMillis(), TimeUnit.MILLISECONDS)
            .permitKeepAliveWithoutCalls(true)
            .keepAliveTime(grpc.keepAliveInterval().toMillis(), TimeUnit.MILLISECONDS)
            .keepAliveTimeout(grpc.keepAliveTimeout().toMillis(), TimeUnit.MILLISECONDS)
            .maxConnectionIdle(grpc.connectionIdleTimeout().toMillis(), TimeUnit.MILLISECONDS)
            .handshakeTimeout(grpc.handshakeTimeout().toMillis(), TimeUnit.MILLISECONDS);
    return on(builder, grpc, services, gate, metrics);
  }

  /** Creates a server on any transport; tests use gRPC's in-process transport. */
  public static GrpcServer on(
      ServerBuilder<?> builder,
      ServerSettings.Grpc grpc,
      Services services,
      Gate gate,
      MeterRegistry metrics) {
    var health = new HealthStatusManager();
    // A blocking service occupies a virtual thread; OpenCallLimit bounds their number.
    ExecutorService executor = Executors.newVirtualThreadPerTaskExecutor();
    var rpcMetrics = new RpcMetrics(metrics);
    // A caller alone must always be able to send the largest message that the transport accepts.
    var messages =
        new IncompleteMessages(Math.max(grpc.maxIncompleteBytes(), 3L * grpc.maxMessageBytes()));
    var chain = InterceptorChain.of(grpc, gate, rpcMetrics, messages);
    chain.install(builder);
    builder
        .addStreamTracerFactory(messages.tracers())
        .executor(executor)
        .addService(small(health.getHealthService()));
    services.api().forEach(s -> builder.addService(chain.around(s.bindService())));
    services
        .internal()
        .forEach(s -> builder.addService(ServerInterceptors.intercept(s, messages.ofInternal())));
    addReflection(builder);
    builder.fallbackHandlerRegistry(
        new UnknownMethods(List.of(RequestId.interceptor(), rpcMetrics, new ErrorInterceptor())));
    return new GrpcServer(builder.build(), health, executor, grpc.shutdownTimeout());
  }

  @SuppressWarnings("deprecation") // Older grpcurl and grpcui use v1alpha.
  private static void addReflection(ServerBuilder<?> builder) {
    builder.addService(small(ProtoReflectionServiceV1.newInstance()));
    builder.addService(small(io.grpc.protobuf.services.ProtoReflectionService.newInstance()));
  }

  /** Bounds the requests of a service without keys, since it may store or return them. */
  private static ServerServiceDefinition small(BindableService service) {
    return ServerInterceptors.interceptForward(
        BoundedRequests.of(service.bindService(), MAX_BYTES_WITHOUT_KEY), new RequestErrors());
  }

  /** Starts to listen, and sets the health status to SERVING. */
  public GrpcServer start() throws IOException {
    server.start();
    setServing(true);
    return this;
  }

  public int port() {
    return server.getPort();
  }

  /** Sets the health status of the whole server. */
  public void setServing(boolean serving) {
    health.setStatus(
        HealthStatusManager.SERVICE_NAME_ALL_SERVICES,
        serving ? ServingStatus.SERVING : ServingStatus.NOT_SERVING);
  }

  /** Rejects new calls, waits for open calls for the configured grace period, then cancels them. */
  @Override
  public void close() {
    health.enterTerminalState();
    server.shutdown();
    try {
      if (!server.awaitTermination(shutdownGrace.toMillis(), TimeUnit.MILLISECONDS)) {
        server.shutdownNow();
        server.awaitTermination(2, TimeUnit.SECONDS);
      }
    } catch (InterruptedException e) {
      server.shutdownNow();
      Thread.currentThread().interrupt();
    }
    executor.shutdownNow();
  }
}
