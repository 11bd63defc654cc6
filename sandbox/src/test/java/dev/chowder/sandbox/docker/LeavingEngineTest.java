package dev.chowder.sandbox.docker;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.typesafe.config.ConfigFactory;
import dev.chowder.sandbox.SandboxException;
import dev.chowder.sandbox.SandboxException.Reason;
import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.Channels;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Map;
import java.util.Scanner;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** An engine that shuts down: it accepts no new connection and still responds on open ones. */
@Timeout(60)
class LeavingEngineTest {
  private static final byte[] OK =
      "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nOK".getBytes(StandardCharsets.US_ASCII);

  @Test
  void noRequestUsesAConnectionThatIsStillOpen(@TempDir Path directory) throws IOException {
    var socket = directory.resolve("docker.sock");
    try (var engine = new DockerApi(settings(socket))) {
      try (var listener = ServerSocketChannel.open(StandardProtocolFamily.UNIX)) {
        listener.bind(UnixDomainSocketAddress.of(socket));
        Thread.ofVirtual().start(() -> accept(listener));
        assertThat(ping(engine)).isTrue();
        assertThat(ping(engine)).isTrue();
      }
      assertThatThrownBy(() -> ping(engine))
          .isInstanceOfSatisfying(
              SandboxException.class,
              e -> assertThat(e.reason()).as(e.toString()).isEqualTo(Reason.ENGINE_UNREACHABLE));
    }
  }

  private static boolean ping(DockerApi engine) {
    return engine.call(
        "ping",
        docker -> {
          var _ = docker.pingCmd().exec();
          return true;
        });
  }

  private static void accept(ServerSocketChannel listener) {
    try {
      while (true) {
        var connection = listener.accept();
        Thread.ofVirtual().start(() -> answerAll(connection));
      }
    } catch (IOException closed) {
      // The engine shuts down.
    }
  }

  /** Responds to each request on this connection. */
  private static void answerAll(SocketChannel connection) {
    try (connection;
        var requests = new Scanner(connection, StandardCharsets.US_ASCII)) {
      requests.useDelimiter("\r\n\r\n");
      var answers = Channels.newOutputStream(connection);
      while (requests.hasNext()) {
        var _ = requests.next();
        answers.write(OK);
      }
    } catch (IOException gone) {
      // The client closed the connection.
    }
  }

  private static DockerSandboxSettings settings(Path socket) {
    return DockerSandboxSettings.from(
        ConfigFactory.parseMap(Map.of("host", "unix://" + socket, "call-timeout", "10s"))
            .atPath("chowder.sandbox.docker")
            .withFallback(ConfigFactory.load())
            .resolve());
  }
}
