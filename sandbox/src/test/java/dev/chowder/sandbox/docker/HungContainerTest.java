package dev.chowder.sandbox.docker;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import com.typesafe.config.ConfigFactory;
import com.typesafe.config.ConfigValueFactory;
import dev.chowder.sandbox.SandboxEndpoint;
import dev.chowder.sandbox.SandboxId;
import dev.chowder.sandbox.SandboxObservation;
import dev.chowder.sandbox.SandboxObservation.MainProcess;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Queue;
import java.util.UUID;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** An engine that lists its containers and does not respond when one of them is inspected. */
@Timeout(60)
class HungContainerTest {
  private static final String CLUSTER = "hung-container-test";

  private final SandboxId up = sandbox();
  private final SandboxId paused = sandbox();
  private final SandboxId ended = sandbox();
  private final SandboxId withoutContainer = sandbox();
  private final SandboxId neverStarted = sandbox();
  private final Queue<String> inspected = new ConcurrentLinkedQueue<>();
  private final CountDownLatch over = new CountDownLatch(1);
  private final ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();
  private HttpServer docker;
  private DockerSandboxEngine engine;

  private static SandboxId sandbox() {
    return SandboxId.ofInstance(UUID.randomUUID().toString());
  }

  @BeforeEach
  void listen() throws IOException {
    docker = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 50);
    docker.setExecutor(threads);
    docker.createContext("/", this::answer);
    docker.start();
    engine =
        new DockerSandboxEngine(
            DockerSandboxSettings.from(
                ConfigFactory.parseMap(
                        Map.of(
                            "host",
                            "tcp://127.0.0.1:" + docker.getAddress().getPort(),
                            "call-timeout",
                            "20s"))
                    .atPath("chowder.sandbox.docker")
                    .withValue("chowder.sandbox.cluster-id", ConfigValueFactory.fromAnyRef(CLUSTER))
                    .withFallback(ConfigFactory.load())
                    .resolve()));
  }

  @AfterEach
  void close() {
    over.countDown();
    engine.close();
    docker.stop(0);
    threads.close();
  }

  @Test
  void aContainerThatHangsOnInspectionIsListedWithTheOthers() {
    assertThat(engine.list())
        .containsExactlyInAnyOrder(
            new SandboxObservation(
                up, Optional.of(0), new MainProcess.Up(3, new SandboxEndpoint("127.0.0.1", 40001))),
            new SandboxObservation(paused, Optional.of(0), new MainProcess.Paused(2)),
            new SandboxObservation(ended, Optional.of(0), MainProcess.Ended.listed(5)),
            new SandboxObservation(neverStarted, Optional.of(0), new MainProcess.Missing()),
            new SandboxObservation(withoutContainer, Optional.of(0), new MainProcess.Missing()));
    assertThat(inspected).isEmpty();
  }

  private void answer(HttpExchange call) throws IOException {
    var path = call.getRequestURI().getPath();
    if (path.endsWith("/volumes")) {
      send(call, "{\"Volumes\":[%s]}".formatted(volumes()));
    } else if (path.endsWith("/containers/json")) {
      send(
          call,
          "[%s,%s,%s,%s]"
              .formatted(
                  container(up, 3, "running", "Up 2 minutes", port()),
                  container(paused, 2, "paused", "Up 2 minutes (Paused)", port()),
                  container(neverStarted, 1, "created", "Created", ""),
                  container(ended, 5, "exited", "Exited (137) 3 hours ago", "")));
    } else {
      inspected.add(path);
      try {
        over.await();
      } catch (InterruptedException closing) {
        Thread.currentThread().interrupt();
      }
      call.close();
    }
  }

  private String volumes() {
    return String.join(
        ",",
        List.of(up, paused, ended, withoutContainer, neverStarted).stream()
            .map(
                id ->
                    "{\"Name\":\"%s\",\"Labels\":%s}"
                        .formatted(id, json(DockerLabels.ofHome(CLUSTER, id, "org"))))
            .toList());
  }

  private static String container(
      SandboxId id, int attempt, String state, String status, String port) {
    return """
    {"Id":"%s","Names":["/%s-gateway"],"Labels":%s,"State":"%s","Status":"%s","Ports":[%s]}
    """
        .formatted(
            id.instanceId(),
            id,
            json(DockerLabels.ofContainer(CLUSTER, id, "org", DockerLabels.GATEWAY, attempt)),
            state,
            status,
            port);
  }

  private static String port() {
    return "{\"IP\":\"127.0.0.1\",\"PrivatePort\":18789,\"PublicPort\":40001,\"Type\":\"tcp\"}";
  }

  private static String json(Map<String, String> labels) {
    return labels.entrySet().stream()
        .map(label -> "\"%s\":\"%s\"".formatted(label.getKey(), label.getValue()))
        .collect(java.util.stream.Collectors.joining(",", "{", "}"));
  }

  private static void send(HttpExchange call, String body) throws IOException {
    var bytes = body.getBytes(UTF_8);
    call.getResponseHeaders().add("Content-Type", "application/json");
    call.sendResponseHeaders(200, bytes.length);
    call.getResponseBody().write(bytes);
    call.close();
  }
}
