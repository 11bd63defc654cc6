package dev.chowder.server;

import dev.chowder.api.v1.OrganizationServiceGrpc;
import dev.chowder.api.v1.SubscriptionServiceGrpc;
import dev.chowder.server.auth.AuthInterceptor;
import dev.chowder.server.auth.ClientAddress;
import dev.chowder.server.auth.KeyCheck;
import dev.chowder.server.auth.ScopeInterceptor;
import dev.chowder.server.call.BoundedRequests;
import dev.chowder.server.call.IncompleteMessages;
import dev.chowder.server.call.OpenCallLimit;
import dev.chowder.server.call.OpenCallsOfOrganization;
import dev.chowder.server.call.RateLimit;
import dev.chowder.server.call.RequestHeaders;
import dev.chowder.server.call.ResponseHeaders;
import dev.chowder.server.call.SuccessStatus;
import dev.chowder.server.call.UnknownMethods;
import dev.chowder.server.error.ErrorInterceptor;
import dev.chowder.server.error.RequestErrors;
import dev.chowder.server.error.RequestId;
import dev.chowder.server.metrics.RpcMetrics;
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
import java.util.Set;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;

/**
 * The gRPC port: our services behind what every call passes through, and gRPC's own (health,
 * reflection) and Envoy's question service beside them. It knows no service's details.
 */
public final class GrpcServer implements AutoCloseable {
  /** Full names of the methods that anybody may call. */
  public static final Set<String> NEED_NO_KEY =
      Set.of(
          OrganizationServiceGrpc.getSignUpMethod().getFullMethodName(),
          SubscriptionServiceGrpc.getReceiveStripeEventMethod().getFullMethodName());

  /** More than a name of a service or of a file. */
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
   * What the server serves.
   *
   * @param api services of the public API: every method needs a key but {@link #NEED_NO_KEY}
   * @param internal services that are no part of the API and let in themselves whom they are for
   */
  public record Services(List<BindableService> api, List<ServerServiceDefinition> internal) {}

  /**
   * The checks of a call before a service sees it.
   *
   * @param keys returns the caller of a key
   * @param addresses returns the client's address
   * @param rate limits how often an organization may call
   * @param streams ends streams of revoked keys
   * @param audit records sensitive calls; it sees messages
   * @param idempotency performs a call with an idempotency key once; it sees messages
   */
  public record Gate(
      KeyCheck keys,
      ClientAddress addresses,
      RateLimit rate,
      ServerInterceptor streams,
      ServerInterceptor audit,
      ServerInterceptor idempotency) {}

  /**
   * A server on the network, not started.
   *
   * @param credentials who it is, and whom it lets in at all
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
            // A message between the documented limit and this one is answered with an error of
            // ours; beyond it the transport ends the call.
            .maxInboundMessageSize(2 * grpc.maxMessageBytes())
            .maxInboundMetadataSize(grpc.maxMetadataBytes())
            .maxConcurrentCallsPerConnection(grpc.maxCallsPerConnection())
            .permitKeepAliveTime(grpc.permitKeepAliveTime().toMillis(), TimeUnit.MILLISECONDS)
            .permitKeepAliveWithoutCalls(true)
            .keepAliveTime(grpc.keepAliveTime().toMillis(), TimeUnit.MILLISECONDS)
            .keepAliveTimeout(grpc.keepAliveTimeout().toMillis(), TimeUnit.MILLISECONDS)
            .maxConnectionIdle(grpc.maxConnectionIdle().toMillis(), TimeUnit.MILLISECONDS)
            .handshakeTimeout(grpc.handshakeTimeout().toMillis(), TimeUnit.MILLISECONDS);
    return on(builder, grpc, services, gate, metrics);
  }

  /** The same server on another transport: tests use gRPC's in-process one. */
  public static GrpcServer on(
      ServerBuilder<?> builder,
      ServerSettings.Grpc grpc,
      Services services,
      Gate gate,
      MeterRegistry metrics) {
    var health = new HealthStatusManager();
    // A blocking service costs a virtual thread, and OpenCallLimit bounds those.
    ExecutorService executor = Executors.newVirtualThreadPerTaskExecutor();
    var figures = new RpcMetrics(metrics);
    // The largest message that the transport takes must always be taken from one caller alone.
    var messages =
        new IncompleteMessages(Math.max(grpc.maxIncompleteBytes(), 3L * grpc.maxMessageBytes()));
    var chain = chain(grpc, gate, figures, messages);
    builder
        .addStreamTracerFactory(messages.tracers())
        .intercept(messages.ofAll())
        .executor(executor)
        .addService(small(health.getHealthService()));
    services
        .api()
        .forEach(
            s ->
                builder.addService(
                    guarded(
                        ServerInterceptors.interceptForward(
                            s.bindService(),
                            new ScopeInterceptor(),
                            gate.audit(),
                            gate.idempotency()),
                        grpc,
                        chain)));
    services
        .internal()
        .forEach(s -> builder.addService(ServerInterceptors.intercept(s, messages.ofInternal())));
    addReflection(builder);
    builder.fallbackHandlerRegistry(
        new UnknownMethods(List.of(RequestId.interceptor(), figures, new ErrorInterceptor())));
    return new GrpcServer(builder.build(), health, executor, grpc.shutdownGrace());
  }

  /** The first is the outermost. */
  private static List<ServerInterceptor> chain(
      ServerSettings.Grpc grpc, Gate gate, RpcMetrics figures, IncompleteMessages messages) {
    return List.of(
        RequestId.interceptor(),
        figures,
        gate.rate().headers(),
        new ErrorInterceptor(),
        new OpenCallLimit(grpc.maxOpenCalls()),
        new SuccessStatus(),
        new RequestHeaders(),
        new ResponseHeaders(),
        new AuthInterceptor(gate.keys(), gate.addresses(), NEED_NO_KEY),
        messages.ofCallers(),
        gate.rate().limit(),
        new OpenCallsOfOrganization(grpc.maxOpenCalls()),
        gate.streams());
  }

  private static ServerServiceDefinition guarded(
      ServerServiceDefinition service, ServerSettings.Grpc grpc, List<ServerInterceptor> chain) {
    return ServerInterceptors.interceptForward(
        BoundedRequests.of(service, grpc.maxMessageBytes()), chain);
  }

  @SuppressWarnings("deprecation") // v1alpha is what older grpcurl and grpcui ask for.
  private static void addReflection(ServerBuilder<?> builder) {
    builder.addService(small(ProtoReflectionServiceV1.newInstance()));
    builder.addService(small(io.grpc.protobuf.services.ProtoReflectionService.newInstance()));
  }

  /** Bounds the requests of a service that needs no key: it may keep them, or return them. */
  private static ServerServiceDefinition small(BindableService service) {
    return ServerInterceptors.interceptForward(
        BoundedRequests.of(service.bindService(), MAX_BYTES_WITHOUT_KEY), new RequestErrors());
  }

  /** Listens, and says so by its health. */
  public GrpcServer start() throws IOException {
    server.start();
    setServing(true);
    return this;
  }

  public int port() {
    return server.getPort();
  }

  /** What the health service answers, for the server as a whole. */
  public void setServing(boolean serving) {
    health.setStatus(
        HealthStatusManager.SERVICE_NAME_ALL_SERVICES,
        serving ? ServingStatus.SERVING : ServingStatus.NOT_SERVING);
  }

  /** Takes no new calls, lets open ones end for the configured grace, then ends them. */
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
