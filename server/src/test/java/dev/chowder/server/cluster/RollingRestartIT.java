package dev.chowder.server.cluster;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.ObjectMapper;
import dev.chowder.base.Await;
import dev.chowder.server.edge.EnvoyProcess;
import io.grpc.ManagedChannel;
import io.grpc.netty.shaded.io.grpc.netty.NettyChannelBuilder;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

/**
 * Restarts all nodes one after another under load, behind a real Envoy. No caller sees a failure,
 * and every watch resumes where it was.
 */
@ExtendWith(SharedNodes.class)
class RollingRestartIT {
  private static final Duration CALL_LIMIT = Duration.ofSeconds(60);
  private static final Duration END_LIMIT = Duration.ofSeconds(60);
  private static final Duration SETTLE_LIMIT = Duration.ofSeconds(60);

  /** Well below a watch's heartbeat, which would report any instance again. */
  private static final Duration NEWS_LIMIT = Duration.ofSeconds(10);

  /** Leaves processor time for the start of a node. */
  private static final Duration BETWEEN_CREATES = Duration.ofMillis(50);

  private static final int CALLERS = 3;
  private static final int WATCHES = 6;

  private static final ObjectMapper JSON = new ObjectMapper();

  private final ThreeNodes nodes = SharedNodes.get().nodes();
  @TempDir Path base;

  private final Queue<String> failures = new ConcurrentLinkedQueue<>();
  private final AtomicInteger answers = new AtomicInteger();
  private final AtomicBoolean over = new AtomicBoolean();
  private final HttpClient http =
      HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();

  @Test
  void aRollingRestartFailsNoCallAndLeavesNoGapInAWatch() throws Exception {
    var owner = new Owner(nodes, "whale");
    try (var envoy =
        EnvoyProcess.start(
            Files.createDirectory(base.resolve("envoy")),
            Map.of(
                "CHOWDER_NODES",
                nodes.forEnvoy(),
                "CHOWDER_ENVOY_TOKEN_FILE",
                nodes.home().resolve("envoy.token").toString()))) {
      var channel =
          NettyChannelBuilder.forAddress("127.0.0.1", envoy.port()).usePlaintext().build();
      var watches = watched(owner, channel);
      try (var callers = Executors.newVirtualThreadPerTaskExecutor()) {
        for (int n = 0; n < CALLERS; n++) {
          callers.execute(() -> createAndDelete(envoy.port(), owner.key()));
        }
        var moving = watches.getFirst();
        callers.execute(() -> stopAndStart(envoy.port(), owner.key(), moving));
        try {
          for (var node : nodes.all()) {
            int before = answers.get();
            node.restart(END_LIMIT);
            Await.until(
                SETTLE_LIMIT, () -> answers.get() > before + 20, () -> "answers: " + answers);
            for (var watch : watches) {
              rename(envoy.port(), owner.key(), watch.id(), "after " + before);
              watch.awaitNews(owner.get(channel, watch.id()).getRevision());
            }
          }
        } finally {
          // Otherwise the callers never end, and closing their executor waits forever.
          over.set(true);
        }
      }
      assertThat(failures).isEmpty();
      assertThat(watches).allSatisfy(watch -> assertThat(watch.failures()).isEmpty());
      assertThat(watches.stream().mapToInt(Watch::resumed).sum())
          .as("watches that were at a node that ended")
          .isPositive();
      for (var watch : watches) {
        var now = owner.get(channel, watch.id());
        watch.watcher().awaitRevision(now.getRevision(), SETTLE_LIMIT);
        watch.watcher().close();
      }
      channel.shutdownNow();
    } finally {
      owner.leave(nodes);
    }
  }

  private record Watch(String id, Watcher watcher) {
    List<String> failures() {
      return watcher.failures();
    }

    int resumed() {
      return watcher.resumed();
    }

    void awaitNews(int revision) {
      watcher.awaitRevision(revision, NEWS_LIMIT);
    }
  }

  private void rename(int port, String key, String id, String name) {
    call(port, key, "PATCH", "/v1/instances/" + id, "{\"name\":\"" + name + "\"}", 200);
  }

  private static List<Watch> watched(Owner owner, ManagedChannel channel) {
    var watches = new ArrayList<Watch>();
    for (int n = 0; n < WATCHES; n++) {
      var id = owner.create(channel, "watched").getId();
      watches.add(new Watch(id, Watcher.of(owner, channel, id)));
    }
    return watches;
  }

  /** Creates and deletes instances one after another. */
  private void createAndDelete(int port, String key) {
    while (!over.get()) {
      try {
        Thread.sleep(BETWEEN_CREATES);
      } catch (InterruptedException why) {
        Thread.currentThread().interrupt();
        return;
      }
      var made =
          call(
              port,
              key,
              "POST",
              "/v1/instances",
              "{\"name\":\"n\",\"model_provider\":\"custom\"}",
              201);
      if (made.isEmpty()) continue;
      var id = id(made);
      call(port, key, "GET", "/v1/instances/" + id, "", 200);
      call(port, key, "GET", "/v1/instances?page_size=5", "", 200);
      call(port, key, "GET", "/v1/organization", "", 200);
      call(port, key, "DELETE", "/v1/instances/" + id, "", 204);
    }
  }

  /** Waits for stops and starts at any node. */
  private void stopAndStart(int port, String key, Watch instance) {
    instance.watcher().await(dev.chowder.api.v1.Instance.Status.running, SETTLE_LIMIT);
    while (!over.get()) {
      verb(port, key, instance.id(), "stop", "stopped");
      verb(port, key, instance.id(), "start", "running");
    }
  }

  /**
   * A stopping node returns a wait early with the operation in progress; the caller then asks
   * again.
   */
  private void verb(int port, String key, String id, String verb, String wanted) {
    for (int n = 0; n < 10 && failures.isEmpty(); n++) {
      var answer = call(port, key, "POST", "/v1/instances/" + id + "/" + verb, "", 200);
      if (answer.contains("\"status\":\"" + wanted + "\"")) return;
    }
  }

  private String call(int port, String key, String method, String path, String body, int expected) {
    var request =
        HttpRequest.newBuilder(URI.create("http://localhost:" + port + path))
            .timeout(CALL_LIMIT)
            .header("Authorization", "Bearer " + key)
            .header("Content-Type", "application/json")
            .method(
                method,
                body.isEmpty()
                    ? HttpRequest.BodyPublishers.noBody()
                    : HttpRequest.BodyPublishers.ofString(body))
            .build();
    try {
      var answer = http.send(request, HttpResponse.BodyHandlers.ofString());
      if (answer.statusCode() == expected) {
        answers.incrementAndGet();
        return answer.body();
      }
      fail(method + " " + path + ": " + answer.statusCode() + " " + answer.body());
    } catch (IOException why) {
      fail(method + " " + path + ": " + why);
    } catch (InterruptedException why) {
      Thread.currentThread().interrupt();
    }
    return "";
  }

  /** Adds the time, to find the failure in the nodes' logs. */
  private void fail(String what) {
    failures.add(Instant.now() + " " + what);
  }

  private static String id(String instance) {
    try {
      return JSON.readTree(instance).path("id").asText();
    } catch (IOException why) {
      throw new java.io.UncheckedIOException(why);
    }
  }
}
