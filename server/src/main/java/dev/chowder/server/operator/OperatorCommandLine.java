package dev.chowder.server.operator;

import static dev.chowder.base.ErrorText.cannot;

import com.typesafe.config.Config;
import com.typesafe.config.ConfigException;
import dev.chowder.cluster.TlsSettings;
import dev.chowder.server.ServerSettings;
import io.grpc.ChannelCredentials;
import io.grpc.InsecureChannelCredentials;
import io.grpc.ManagedChannel;
import io.grpc.StatusRuntimeException;
import io.grpc.TlsChannelCredentials;
import io.grpc.netty.shaded.io.grpc.netty.NettyChannelBuilder;
import io.grpc.protobuf.StatusProto;
import java.io.IOException;
import java.io.PrintStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;

/**
 * The command {@code operator RPC [JSON]}: calls the operator port of the node on this machine,
 * with the settings of that node. For scripts, which must work without Envoy.
 */
public final class OperatorCommandLine {
  private static final String USAGE = "usage: operator RPC [JSON]; JSON is - to read it from stdin";

  /** The time between two pings, and the longest wait for the response to one. */
  private static final Duration KEEP_ALIVE = Duration.ofSeconds(30);

  private OperatorCommandLine() {}

  /**
   * Calls an RPC and prints its response.
   *
   * @param arguments RPC, and the request as JSON; an empty request if absent
   * @return whether the call succeeded; if not, {@code problems} has one sentence
   */
  public static boolean run(
      Config config, List<String> arguments, PrintStream out, PrintStream problems) {
    if (arguments.isEmpty() || arguments.size() > 2) {
      problems.println(USAGE);
      return false;
    }
    try {
      return call(config, arguments, out, problems);
    } catch (IOException | ConfigException | IllegalArgumentException wrong) {
      problems.println(wrong.getMessage());
      return false;
    }
  }

  private static boolean call(
      Config config, List<String> arguments, PrintStream out, PrintStream problems)
      throws IOException {
    var settings = ServerSettings.of(config);
    var request = arguments.size() == 1 ? "{}" : arguments.get(1);
    if (request.equals("-")) {
      request = new String(System.in.readAllBytes(), StandardCharsets.UTF_8);
    }
    var channel = channel(config, settings);
    try {
      var client = new OperatorClient(channel, token(settings.home().resolve("operator.token")));
      out.println(client.call(arguments.getFirst(), request));
      return true;
    } catch (StatusRuntimeException failed) {
      problems.println(arguments.getFirst() + ": " + reason(failed, settings));
      return false;
    } finally {
      channel.shutdownNow();
    }
  }

  private static String reason(StatusRuntimeException failed, ServerSettings settings) {
    var status = failed.getStatus();
    var details = StatusProto.fromThrowable(failed);
    if (details != null && details.getDetailsCount() > 0) {
      return status.getCode() + " " + status.getDescription();
    }
    return cannot(
        "call the operator port " + settings.operator().port(),
        status.getCode() + " " + status.getDescription(),
        "check that the node runs");
  }

  private static String token(Path file) throws IOException {
    if (!Files.isReadable(file)) {
      throw new IOException(
          cannot("read " + file, "it does not exist here", "set CHOWDER_HOME as for the node"));
    }
    return Files.readString(file, StandardCharsets.US_ASCII).strip();
  }

  private static ManagedChannel channel(Config config, ServerSettings settings) throws IOException {
    var bind = settings.bind();
    var host = bind.isAnyLocalAddress() ? InetAddress.getLoopbackAddress() : bind;
    var address = new InetSocketAddress(host, settings.operator().port());
    var tls = TlsSettings.of(config);
    var credentials = tls.isEmpty() ? InsecureChannelCredentials.create() : credentials(tls.get());
    var channel =
        NettyChannelBuilder.forAddress(address, credentials)
            // The node limits its lists.
            .maxInboundMessageSize(Integer.MAX_VALUE)
            // A node that no longer responds must not hold the caller forever.
            .keepAliveTime(KEEP_ALIVE.toMillis(), TimeUnit.MILLISECONDS)
            .keepAliveTimeout(KEEP_ALIVE.toMillis(), TimeUnit.MILLISECONDS);
    tls.ifPresent(with -> channel.overrideAuthority(with.name()));
    return channel.build();
  }

  private static ChannelCredentials credentials(TlsSettings tls) throws IOException {
    return TlsChannelCredentials.newBuilder()
        .keyManager(tls.certificate().toFile(), tls.key().toFile())
        .trustManager(tls.ca().toFile())
        .build();
  }
}
