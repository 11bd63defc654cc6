package dev.chowder.server.operator;

import static org.assertj.core.api.Assertions.assertThat;

import com.typesafe.config.ConfigFactory;
import dev.chowder.server.ServerSettings;
import dev.chowder.server.auth.ClientAddress;
import dev.chowder.server.auth.EnvoyToken;
import dev.chowder.server.auth.TokenFile;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(60)
class MonitoringServerTest {
  @TempDir private Path home;
  private final AtomicBoolean serving = new AtomicBoolean(true);
  private final RecordedAudit audit = new RecordedAudit();
  private MonitoringServer server;
  private String token;

  @BeforeEach
  void start() throws IOException {
    var settings =
        ServerSettings.of(
            ConfigFactory.parseMap(Map.of("chowder.monitoring.port", 0))
                .withFallback(ConfigFactory.load()));
    var file = home.resolve("operator.token");
    var made = TokenFile.in(file, "chd_op_", new SecureRandom());
    token = Files.readString(file).strip();
    var envoy =
        new EnvoyToken(TokenFile.in(home.resolve("envoy.token"), "chd_envoy_", new SecureRandom()));
    server =
        MonitoringServer.start(
            settings,
            Optional.empty(),
            new OperatorServer.Gate(made, new ClientAddress(envoy), audit),
            new MonitoringServer.Sources(() -> "chowder_up 1\n", serving::get, () -> true));
  }

  @AfterEach
  void stop() {
    server.close();
  }

  @Test
  void healthNeedsNoToken() throws Exception {
    assertThat(send("GET", "/healthz", "").statusCode()).isEqualTo(200);
    assertThat(send("HEAD", "/healthz", "").statusCode()).isEqualTo(200);
    serving.set(false);
    var answer = send("GET", "/healthz", "");
    assertThat(answer.statusCode()).isEqualTo(503);
    assertThat(answer.body()).isEqualTo("{\"status\":\"NOT_SERVING\",\"isolated\":true}\n");
  }

  @Test
  void metricsAreInPrometheusFormat() throws Exception {
    var answer = send("GET", "/metrics", "Bearer " + token);
    assertThat(answer.statusCode()).isEqualTo(200);
    assertThat(answer.body()).isEqualTo("chowder_up 1\n");
    assertThat(answer.headers().firstValue("content-type").orElse("")).startsWith("text/plain");
    assertThat(answer.headers().firstValue("cache-control")).contains("no-store");
  }

  @Test
  void withoutTheTokenEveryOtherPathIsRejected() throws Exception {
    for (var authorization : List.of("", "Bearer wrong", token, "Basic " + token)) {
      for (var path : List.of("/metrics", "/operator/v1/organizations", "/nope")) {
        var answer = send("GET", path, authorization);
        assertThat(answer.statusCode()).isEqualTo(401);
        assertThat(answer.body()).contains("KEY_INVALID").doesNotContain("chowder_");
      }
    }
    assertThat(audit.rejected()).hasSize(12).containsOnly("127.0.0.1");
  }

  @Test
  void otherPathsAndMethodsDoNotExist() throws Exception {
    for (var path : List.of("/metrics/", "/operator/v1/organizations", "/healthz/", "/")) {
      assertThat(send("GET", path, "Bearer " + token).statusCode()).as(path).isEqualTo(404);
    }
    assertThat(send("POST", "/metrics", "Bearer " + token).statusCode()).isEqualTo(404);
    assertThat(send("POST", "/healthz", "").statusCode()).isEqualTo(404);
  }

  private HttpResponse<String> send(String method, String path, String authorization)
      throws Exception {
    try (var client = HttpClient.newHttpClient()) {
      var request =
          HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + server.port() + path))
              .method(method, HttpRequest.BodyPublishers.noBody());
      if (!authorization.isEmpty()) request.header("authorization", authorization);
      return client.send(request.build(), HttpResponse.BodyHandlers.ofString());
    }
  }
}
