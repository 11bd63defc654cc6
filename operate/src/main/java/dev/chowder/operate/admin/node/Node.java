package dev.chowder.operate.admin.node;

import com.typesafe.config.Config;
import dev.chowder.cli.failure.CommandException;
import dev.chowder.cli.failure.ExitCode;
import dev.chowder.client.Reply;
import dev.chowder.cluster.TlsSettings;
import dev.chowder.operate.state.Installation;
import dev.chowder.server.ServerSettings;
import dev.chowder.server.operator.OperatorClient;
import io.grpc.ChannelCredentials;
import io.grpc.InsecureChannelCredentials;
import io.grpc.ManagedChannel;
import io.grpc.StatusRuntimeException;
import io.grpc.TlsChannelCredentials;
import io.grpc.netty.shaded.io.grpc.netty.NettyChannelBuilder;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.TimeUnit;

/**
 * The operator port of one node of this machine. It works while Envoy is down. Does not know what
 * the calls do.
 *
 * @param number from 1
 */
record Node(Config config, ServerSettings settings, int number) {
  /** The time between two pings, and the longest wait for the response to one. */
  private static final Duration KEEP_ALIVE = Duration.ofSeconds(30);

  /**
   * Calls an RPC and waits for its response. The node limits the time.
   *
   * @param rpc such as {@code ListOrganizations}
   * @param request as JSON
   * @throws CallFailure if the node rejects the call or cannot be reached
   * @throws IllegalArgumentException if there is no such RPC, or if the request is malformed
   */
  Reply call(String rpc, String request) {
    var token = token(settings.home().resolve("operator.token"));
    var channel = channel();
    try {
      return new Reply(new OperatorClient(channel, token).call(rpc, request));
    } catch (StatusRuntimeException failed) {
      throw CallFailure.of(failed, number, port());
    } finally {
      channel.shutdownNow();
    }
  }

  private int port() {
    return settings.operator().port() + Installation.PORTS_APART * (number - 1);
  }

  private static String token(Path file) {
    if (!Files.isReadable(file)) {
      throw unusable(
          file,
          "it cannot be read here",
          "run this as the user of the node, and set CHOWDER_HOME as for the node");
    }
    try {
      return Files.readString(file, StandardCharsets.US_ASCII).strip();
    } catch (IOException failed) {
      throw unusable(file, "it has no token", "delete it and start the node again");
    }
  }

  private ManagedChannel channel() {
    var bind = settings.bind();
    var host = bind.isAnyLocalAddress() ? InetAddress.getLoopbackAddress() : bind;
    var tls = TlsSettings.of(config);
    var credentials = tls.isEmpty() ? InsecureChannelCredentials.create() : credentials(tls.get());
    var channel =
        NettyChannelBuilder.forAddress(new InetSocketAddress(host, port()), credentials)
            // The node limits its lists.
            .maxInboundMessageSize(Integer.MAX_VALUE)
            // A node that no longer responds must not hold the caller forever.
            .keepAliveTime(KEEP_ALIVE.toMillis(), TimeUnit.MILLISECONDS)
            .keepAliveTimeout(KEEP_ALIVE.toMillis(), TimeUnit.MILLISECONDS);
    tls.ifPresent(with -> channel.overrideAuthority(with.name()));
    return channel.build();
  }

  private static ChannelCredentials credentials(TlsSettings tls) {
    try {
      return TlsChannelCredentials.newBuilder()
          .keyManager(tls.certificate().toFile(), tls.key().toFile())
          .trustManager(tls.ca().toFile())
          .build();
    } catch (IOException failed) {
      throw ExitCode.USAGE.cannot(
          "read the certificates of the node",
          failed,
          "set CHOWDER_TLS_INTERNAL_CERTIFICATE and the variables beside it as for the node");
    }
  }

  private static CommandException unusable(Path file, String cause, String remedy) {
    return ExitCode.USAGE.cannot("use " + file, cause, remedy);
  }
}
