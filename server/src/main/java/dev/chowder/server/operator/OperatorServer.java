package dev.chowder.server.operator;

import dev.chowder.api.operator.v1.OperatorServiceGrpc;
import dev.chowder.server.ServerSettings;
import dev.chowder.server.auth.ClientAddress;
import dev.chowder.server.auth.TokenFile;
import dev.chowder.server.call.BoundedRequests;
import dev.chowder.server.call.CallHeaders;
import dev.chowder.server.call.UnknownMethods;
import dev.chowder.server.error.ErrorInterceptor;
import dev.chowder.server.error.RequestId;
import dev.chowder.server.rules.RequestRules;
import io.grpc.Server;
import io.grpc.ServerCredentials;
import io.grpc.ServerInterceptor;
import io.grpc.ServerInterceptors;
import io.grpc.netty.shaded.io.grpc.netty.NettyServerBuilder;
import io.grpc.protobuf.services.ProtoReflectionServiceV1;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;

/**
 * The gRPC server of the operator port. Serves {@link OperatorGrpcService} and reflection to
 * clients with the operator token, and nothing to others. Serves whether or not the node serves
 * callers.
 */
public final class OperatorServer implements AutoCloseable {
  private static final int MAX_METADATA_BYTES = 16_384;

  private final Server server;
  private final ExecutorService executor;
  private final OperatorCallLimits limits;

  private OperatorServer(Server server, ExecutorService executor, OperatorCallLimits limits) {
    this.server = server;
    this.executor = executor;
    this.limits = limits;
  }

  /**
   * The check that a call passes before the service.
   *
   * @param audit records calls without the token, and calls that may change something
   */
  public record Gate(TokenFile token, ClientAddress addresses, OperatorAudit audit) {}

  /**
   * Starts the server.
   *
   * @param credentials the server's certificate and the CA of client certificates
   */
  public static OperatorServer start(
      ServerSettings settings,
      ServerCredentials credentials,
      Gate gate,
      OperatorServiceGrpc.OperatorServiceImplBase service)
      throws IOException {
    var operator = settings.operator();
    var grpc = settings.grpc();
    ExecutorService executor = Executors.newVirtualThreadPerTaskExecutor();
    var limits = new OperatorCallLimits(operator);
    // Outermost first. The limits come before the check of the token, since a call takes a thread
    // from its first byte.
    var chain =
        List.<ServerInterceptor>of(
            RequestId.interceptor(),
            new ErrorInterceptor(),
            limits,
            new CallHeaders(),
            new OperatorAuthentication(gate));
    // The audit records a request when it arrives. The rules are checked at its end, so a call
    // with a wrong field is audited, too.
    var audited =
        BoundedRequests.of(
            ServerInterceptors.interceptForward(
                service.bindService(), new OperatorCallAudit(gate.audit()), new RequestRules()),
            operator.maxBodyBytes());
    var server =
        NettyServerBuilder.forAddress(
                new InetSocketAddress(settings.bind(), operator.port()), credentials)
            // Up to twice the limit, the caller receives Chowder's error.
            .maxInboundMessageSize(2 * operator.maxBodyBytes())
            .maxInboundMetadataSize(MAX_METADATA_BYTES)
            .maxConcurrentCallsPerConnection(operator.maxRequests())
            // Envoy and the command line ping. Without this permission, the third ping within
            // five minutes would end the connection, and with it calls that take longer.
            .permitKeepAliveTime(
                grpc.minClientKeepAliveInterval().toMillis(), TimeUnit.MILLISECONDS)
            .permitKeepAliveWithoutCalls(true)
            .keepAliveTime(grpc.keepAliveInterval().toMillis(), TimeUnit.MILLISECONDS)
            .keepAliveTimeout(grpc.keepAliveTimeout().toMillis(), TimeUnit.MILLISECONDS)
            .maxConnectionIdle(grpc.connectionIdleTimeout().toMillis(), TimeUnit.MILLISECONDS)
            .handshakeTimeout(grpc.handshakeTimeout().toMillis(), TimeUnit.MILLISECONDS)
            .executor(executor)
            .addService(ServerInterceptors.interceptForward(audited, chain))
            .addService(
                ServerInterceptors.interceptForward(
                    ProtoReflectionServiceV1.newInstance().bindService(), chain))
            .fallbackHandlerRegistry(new UnknownMethods(withUnknown(chain, gate.audit())))
            .build()
            .start();
    return new OperatorServer(server, executor, limits);
  }

  private static List<ServerInterceptor> withUnknown(
      List<ServerInterceptor> chain, OperatorAudit audit) {
    var all = new ArrayList<>(chain);
    all.add(OperatorCallAudit.ofUnknown(audit));
    return all;
  }

  public int port() {
    return server.getPort();
  }

  @Override
  public void close() {
    server.shutdownNow();
    limits.close();
    executor.shutdownNow();
  }
}
