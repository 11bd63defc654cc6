package dev.chowder.sandbox.docker;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.typesafe.config.ConfigFactory;
import dev.chowder.sandbox.SandboxException;
import dev.chowder.sandbox.SandboxException.Reason;
import dev.chowder.sandbox.SandboxId;
import dev.chowder.sandbox.SandboxRef;
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
import java.util.UUID;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Reads the identity of an engine that responds to the description of its host. */
@Timeout(60)
class DockerIdentityTest {
  private final SandboxId id = SandboxId.ofInstance(UUID.randomUUID().toString());
  private final AtomicInteger requests = new AtomicInteger();
  private volatile String description = "{\"ID\":\"engine-1\"}";
  private ServerSocketChannel listener;
  private DockerApi engine;
  private DockerIdentity identity;

  @BeforeEach
  void listen(@TempDir Path directory) throws IOException {
    var socket = directory.resolve("docker.sock");
    listener = ServerSocketChannel.open(StandardProtocolFamily.UNIX);
    listener.bind(UnixDomainSocketAddress.of(socket));
    Thread.ofVirtual().start(this::accept);
    engine = new DockerApi(settings(socket));
    identity = new DockerIdentity(engine);
  }

  @AfterEach
  void close() throws IOException {
    engine.close();
    listener.close();
  }

  @Test
  void theIdentityIsReadOnce() {
    assertThat(identity.ref(id)).isEqualTo(new SandboxRef("docker", "engine-1", id.value()));
    assertThat(identity.ref(id)).isEqualTo(identity.ref(id));
    assertThat(requests).hasValue(1);
  }

  /** Another data directory may have been mounted while the engine did not run. */
  @Test
  void aForgottenIdentityIsReadAgain() {
    var _ = identity.ref(id);
    description = "{\"ID\":\"engine-2\"}";
    identity.forget();
    assertThat(identity.ref(id).host()).isEqualTo("engine-2");
  }

  @Test
  void anEngineWithoutAnIdentityIsRejected() {
    description = "{}";
    assertThatThrownBy(() -> identity.ref(id))
        .isInstanceOfSatisfying(
            SandboxException.class, why -> assertThat(why.reason()).isEqualTo(Reason.REFUSED))
        .hasMessageContaining("identity");
  }

  private void accept() {
    try {
      while (true) {
        var connection = listener.accept();
        Thread.ofVirtual().start(() -> answerAll(connection));
      }
    } catch (IOException closed) {
      // The test is over.
    }
  }

  /** Responds to each request on this connection. */
  private void answerAll(SocketChannel connection) {
    try (connection;
        var received = new Scanner(connection, StandardCharsets.US_ASCII)) {
      received.useDelimiter("\r\n\r\n");
      var answers = Channels.newOutputStream(connection);
      while (received.hasNext()) {
        var request = received.next();
        requests.incrementAndGet();
        var body = request.contains("/info ") ? description : "{}";
        var answer =
            "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s"
                .formatted(body.length(), body);
        answers.write(answer.getBytes(StandardCharsets.US_ASCII));
      }
    } catch (IOException gone) {
      // The client closed the connection.
    }
  }

  private static DockerSandboxSettings settings(Path socket) {
    return DockerSandboxSettings.from(
        ConfigFactory.parseMap(Map.of("host", "unix://" + socket))
            .atPath("chowder.sandbox.docker")
            .withFallback(ConfigFactory.load())
            .resolve());
  }
}
