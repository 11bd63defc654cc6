package dev.chowder.sandbox.docker;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.typesafe.config.ConfigFactory;
import dev.chowder.base.Await;
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
import java.time.Duration;
import java.util.Map;
import java.util.Scanner;
import java.util.UUID;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
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
  private final AtomicLong nanos = new AtomicLong();
  private volatile String description = "{\"ID\":\"engine-1\"}";

  /** Whether the engine closes connections instead of responding. */
  private volatile boolean broken;

  private volatile Runnable onRequest = () -> {};
  private DockerSandboxSettings settings;
  private ServerSocketChannel listener;
  private DockerApi engine;
  private DockerIdentity identity;

  @BeforeEach
  void listen(@TempDir Path directory) throws IOException {
    var socket = directory.resolve("docker.sock");
    listener = ServerSocketChannel.open(StandardProtocolFamily.UNIX);
    listener.bind(UnixDomainSocketAddress.of(socket));
    Thread.ofVirtual().start(this::accept);
    settings = settings(socket);
    engine = new DockerApi(settings);
    identity = new DockerIdentity(engine, nanos::get);
  }

  @AfterEach
  void close() throws IOException {
    engine.close();
    listener.close();
  }

  @Test
  void theIdentityIsReadOnceInTenSeconds() {
    assertThat(identity.ref(id)).isEqualTo(new SandboxRef("docker", "engine-1", id.value()));
    assertThat(identity.ref(id)).isEqualTo(identity.ref(id));
    assertThat(requests).hasValue(1);
  }

  /** The engine may restart while this node does not call it. */
  @Test
  void theIdentityIsReadAgainAfterTenSeconds() {
    var _ = identity.ref(id);
    description = "{\"ID\":\"engine-2\"}";
    nanos.set(Duration.ofSeconds(10).toNanos() - 1);
    assertThat(identity.ref(id).host()).isEqualTo("engine-1");
    nanos.set(Duration.ofSeconds(10).toNanos());
    assertThat(identity.ref(id).host()).isEqualTo("engine-2");
  }

  /** Another data directory may have been mounted while the engine did not run. */
  @Test
  void theIdentityIsReadAgainAfterAnyFailedCallOfTheEngine() {
    try (var sandboxes = new DockerSandboxEngine(settings)) {
      assertThat(sandboxes.ref(id).host()).isEqualTo("engine-1");
      description = "{\"ID\":\"engine-2\"}";
      assertThat(sandboxes.ref(id).host()).isEqualTo("engine-1");
      broken = true;
      assertThatThrownBy(() -> sandboxes.howEnded(id))
          .isInstanceOfSatisfying(
              SandboxException.class,
              why -> assertThat(why.reason()).isEqualTo(Reason.ENGINE_UNREACHABLE));
      broken = false;
      assertThat(sandboxes.ref(id).host()).isEqualTo("engine-2");
    }
  }

  /** The identity may be that of the engine before its restart. */
  @Test
  void anIdentityThatWasReadDuringALossIsReadAgain() {
    onRequest = engine::lost;
    assertThat(identity.ref(id).host()).isEqualTo("engine-1");
    onRequest = () -> {};
    description = "{\"ID\":\"engine-2\"}";
    assertThat(identity.ref(id).host()).isEqualTo("engine-2");
  }

  /** An engine that restarts between two calls ends the stream of its events. */
  @Test
  void theIdentityIsReadAgainAfterTheEventsEnded() {
    assertThat(identity.ref(id).host()).isEqualTo("engine-1");
    description = "{\"ID\":\"engine-2\"}";
    try (var _ =
        new DockerEvents(engine, settings, new LastEnds(), (_, _) -> {}, () -> {}, () -> {})) {
      Await.untilSolved(
          Duration.ofSeconds(30),
          () -> identity.ref(id).host().equals("engine-2") ? "" : "not read again");
    }
  }

  /** The receiver runs again after it failed. */
  @Test
  void theEventsAreFollowedAfterAnyFailure() {
    var runs = new AtomicInteger();
    Runnable failing =
        () -> {
          if (runs.incrementAndGet() == 1) throw new IllegalStateException("planted");
          if (runs.get() == 2) throw new AssertionError("planted");
        };
    try (var _ =
        new DockerEvents(engine, settings, new LastEnds(), (_, _) -> {}, failing, () -> {})) {
      Await.untilSolved(Duration.ofSeconds(30), () -> runs.get() > 2 ? "" : "runs: " + runs.get());
    }
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
        onRequest.run();
        if (broken) return;
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
