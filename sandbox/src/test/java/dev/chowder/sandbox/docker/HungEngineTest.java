package dev.chowder.sandbox.docker;

import static dev.chowder.sandbox.TestResources.RESOURCES;
import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.typesafe.config.ConfigFactory;
import dev.chowder.sandbox.Fence;
import dev.chowder.sandbox.SandboxException;
import dev.chowder.sandbox.SandboxException.Reason;
import dev.chowder.sandbox.SandboxId;
import dev.chowder.sandbox.SandboxSpec;
import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** An engine that accepts every call and never responds does not block a caller. */
@Timeout(60)
class HungEngineTest {
  private static final int CONCURRENT_CALLS = 2;

  private final SandboxId id = SandboxId.ofInstance(UUID.randomUUID().toString());
  private final LinkedBlockingQueue<SocketChannel> accepted = new LinkedBlockingQueue<>();
  private Path socket;
  private ServerSocketChannel docker;
  private Thread acceptor;
  private DockerSandboxEngine engine;

  @BeforeEach
  void listen(@TempDir Path directory) throws IOException {
    socket = directory.resolve("docker.sock");
    docker = ServerSocketChannel.open(StandardProtocolFamily.UNIX);
    docker.bind(UnixDomainSocketAddress.of(socket));
    // A virtual thread could wait for a carrier thread that a hanging call occupies.
    acceptor = Thread.ofPlatform().daemon().start(this::accept);
    engine = engine("700ms");
  }

  private DockerSandboxEngine engine(String callTimeout) {
    return new DockerSandboxEngine(
        DockerSandboxSettings.from(
            ConfigFactory.parseMap(
                    Map.of(
                        "host",
                        "unix://" + socket,
                        "call-timeout",
                        callTimeout,
                        "permit-timeout",
                        "100ms",
                        "max-concurrent-calls",
                        CONCURRENT_CALLS))
                .atPath("chowder.sandbox.docker")
                .withFallback(ConfigFactory.load())
                .resolve()));
  }

  private void accept() {
    try {
      while (true) {
        accepted.add(docker.accept());
      }
    } catch (IOException closed) {
      // The test is over.
    }
  }

  @AfterEach
  void close() throws Exception {
    engine.close();
    closeEngine();
  }

  /** The kernel refuses connections only after the accepting thread has returned. */
  private void closeEngine() throws Exception {
    docker.close();
    acceptor.join();
  }

  private static void assertReason(Reason reason, ThrowingCallable call) {
    assertThatThrownBy(call)
        .isInstanceOfSatisfying(
            SandboxException.class, e -> assertThat(e.reason()).as(e.toString()).isEqualTo(reason));
  }

  @Test
  void everyCallTimesOut() {
    assertReason(
        Reason.ENGINE_UNREACHABLE,
        () -> engine.create(new SandboxSpec(id, "org-1", "image", 0, RESOURCES)));
    assertReason(Reason.ENGINE_UNREACHABLE, () -> engine.stop(id, 1, Duration.ofSeconds(1)));
    assertReason(Reason.ENGINE_UNREACHABLE, () -> engine.remove(id, Fence.NONE));
    assertReason(Reason.ENGINE_UNREACHABLE, () -> engine.ref(id));
    assertReason(Reason.ENGINE_UNREACHABLE, () -> engine.observe(id));
    assertReason(Reason.ENGINE_UNREACHABLE, () -> engine.list());
    assertReason(Reason.ENGINE_UNREACHABLE, () -> engine.homes().readFile(id, "a", 1));
    assertReason(Reason.ENGINE_UNREACHABLE, () -> engine.host().capacity());
    assertThat(engine.host().isolationFailure()).isPresent();
  }

  @Test
  void aCallThatTimedOutClosesItsConnection() throws Exception {
    SocketChannel connection = null;
    // A cold JVM may not even have connected when the call times out.
    for (int tries = 0; connection == null && tries < 10; tries++) {
      assertReason(Reason.ENGINE_UNREACHABLE, () -> engine.observe(id));
      connection = accepted.poll(100, TimeUnit.MILLISECONDS);
    }
    var request = java.nio.ByteBuffer.allocate(4096);
    int read;
    do {
      request.clear();
      read = requireNonNull(connection).read(request);
    } while (read > 0);
    assertThat(read).isEqualTo(-1);
  }

  @Test
  void callsBeyondTheLimitAreNotSent() throws Exception {
    engine.close();
    // These calls end when the engine closes their connections, and not before.
    engine = engine("1m");
    try (var threads = Executors.newVirtualThreadPerTaskExecutor()) {
      List<Future<?>> inProgress = new ArrayList<>();
      for (int i = 0; i < CONCURRENT_CALLS; i++) {
        inProgress.add(
            threads.submit(
                () -> assertReason(Reason.ENGINE_UNREACHABLE, () -> engine.observe(id))));
      }
      List<SocketChannel> connections = new ArrayList<>();
      for (int i = 0; i < CONCURRENT_CALLS; i++) {
        SocketChannel connection = accepted.poll(20, TimeUnit.SECONDS);
        assertThat(connection).as("both are in progress").isNotNull();
        connections.add(connection);
      }
      // The reason is the same as for the other calls, so that a restart waits for the engine and
      // does not fail.
      assertReason(Reason.ENGINE_UNREACHABLE, () -> engine.observe(id));
      assertThat(accepted).isEmpty();
      // A call that is sent again finds no engine.
      closeEngine();
      for (SocketChannel connection : connections) connection.close();
      for (Future<?> call : inProgress) {
        call.get(20, TimeUnit.SECONDS);
      }
    }
  }
}
