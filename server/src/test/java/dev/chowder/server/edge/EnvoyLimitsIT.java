package dev.chowder.server.edge;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.ByteString;
import java.io.IOException;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;

/** Tests what Envoy rejects or answers by itself, in the API's own format. */
class EnvoyLimitsIT {
  @RegisterExtension
  static final EdgeWithEnvoy EDGE =
      new EdgeWithEnvoy(Map.of("CHOWDER_CORS_ORIGINS", "https://app\\.example"));

  @Test
  void aBodyOverTheLimitIsTooLarge() throws IOException {
    var answer = EDGE.call("POST", "/v1/instances", "{\"name\":\"" + "x".repeat(5_000_000) + "\"}");
    RestErrors.check(answer, 413, 8, "TOO_LARGE");
  }

  @Test
  void aChunkedBodyOverTheLimitIsTooLargeToo() throws IOException {
    try (var socket = new Socket()) {
      socket.connect(EDGE.rest());
      socket.setSoTimeout(20_000);
      var out = socket.getOutputStream();
      out.write(
          ("POST /v1/instances HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n"
                  + "Authorization: Bearer "
                  + Edge.KEY
                  + "\r\nContent-Type: application/json\r\n\r\n9\r\n{\"name\":\"\r\n")
              .getBytes(StandardCharsets.US_ASCII));
      byte[] chunk =
          ("10000\r\n" + "x".repeat(0x10000) + "\r\n").getBytes(StandardCharsets.US_ASCII);
      Thread.ofVirtual().start(() -> repeat(out, chunk, 80));
      RestErrors.check(new RawHttp.Exchange(socket).whole(), 413, 8, "TOO_LARGE");
    }
  }

  private static void repeat(java.io.OutputStream out, byte[] chunk, int times) {
    try {
      for (int n = 0; n < times; n++) {
        out.write(chunk);
      }
    } catch (IOException e) {
      // Envoy responded before it had read the complete body.
    }
  }

  @Test
  void aBodyJustBelowTheLimitPasses() throws IOException {
    var json = "{\"name\":\"big\",\"unknown\":\"" + "x".repeat(4_000_000) + "\"}";
    assertThat(EDGE.call("POST", "/v1/instances", json).status()).isEqualTo(201);
  }

  @Test
  void brokenJsonIsAnInvalidField() throws IOException {
    for (String json : new String[] {"{", "{\"name\":}", "[]]", "nonsense", "{\"name\":\"a\"}}"}) {
      RestErrors.check(EDGE.call("POST", "/v1/instances", json), 400, 3, "INVALID_FIELD");
    }
  }

  @Test
  void aBodyOfAnotherTypeIsNoObject() throws IOException {
    for (String json : new String[] {"[]", "[{\"name\":\"a\"}]", "[1,2", "\"text\"", "5", "null"}) {
      var answer = EDGE.call("POST", "/v1/instances", json);
      RestErrors.check(answer, 400, 3, "INVALID_FIELD");
      assertThat(message(answer)).as(json).isEqualTo("body: must be a JSON object");
    }
  }

  private static String message(RawHttp.Answer answer) {
    return answer.json().path("message").asText();
  }

  @Test
  void aWrongTypeIsAnInvalidField() throws IOException {
    for (String json :
        new String[] {
          "{\"name\":[\"a\"]}",
          "{\"name\":{\"a\":1}}",
          "{\"name\":\"a\",\"labels\":5}",
          "{\"name\":\"a\",\"openclaw_config\":\"text\"}"
        }) {
      var answer = EDGE.call("POST", "/v1/instances", json);
      RestErrors.check(answer, 400, 3, "INVALID_FIELD");
      assertThat(message(answer)).startsWith("request: ").doesNotContain(": :");
    }
  }

  @Test
  void deeplyNestedJsonIsAnInvalidField() throws IOException {
    for (int depth : new int[] {33, 60, 90, 200, 10_000, 200_000}) {
      var json =
          "{\"name\":\"a\",\"openclaw_config\":"
              + "{\"a\":".repeat(depth)
              + "1"
              + "}".repeat(depth)
              + "}";
      RestErrors.check(EDGE.call("POST", "/v1/instances", json), 400, 3, "INVALID_FIELD");
    }
  }

  @Test
  void unknownPathsMethodsAndQueryParametersAreRejected() throws IOException {
    RestErrors.check(EDGE.call("GET", "/"), 404, 12, "PATH_NOT_FOUND");
    RestErrors.check(EDGE.call("GET", "/v2/instances"), 404, 12, "PATH_NOT_FOUND");
    RestErrors.check(EDGE.call("PUT", "/v1/instances", "{}"), 404, 12, "PATH_NOT_FOUND");
    RestErrors.check(EDGE.call("GET", "/v1/instances?nope=1"), 400, 3, "INVALID_FIELD");
    RestErrors.check(EDGE.call("GET", "/v1/instances?page_size=many"), 400, 3, "INVALID_FIELD");
  }

  @Test
  void aLongPathIsTooLarge() throws IOException {
    var answer = EDGE.call("GET", "/v1/instances/" + "x".repeat(5000));
    RestErrors.check(answer, 414, 8, "TOO_LARGE");
  }

  @Test
  void headersOverTheLimitAreTooLarge() throws IOException {
    var one = RawHttp.Request.of("GET", "/v1/instances").with("x-long", "x".repeat(20_000));
    RestErrors.check(EDGE.call(one), 431, 8, "TOO_LARGE");
    var many =
        IntStream.range(0, 150)
            .boxed()
            .reduce(
                RawHttp.Request.of("GET", "/v1/instances"),
                (r, n) -> r.with("x-" + n, "y"),
                (a, b) -> b);
    RestErrors.check(EDGE.call(many), 431, 8, "TOO_LARGE");
  }

  @Test
  void pathTricksReachNoOtherRoute() throws IOException {
    String id = EDGE.create("mine");
    assertThat(EDGE.call("GET", "//v1///instances/./" + id).status()).isEqualTo(200);
    for (String path :
        new String[] {
          "/v1/instances/..%2f..%2fetc%2fpasswd",
          "/v1/instances/%2e%2e%2f" + id,
          "/v1/instances/" + id + "%00",
          "/v1/instances/" + id + "%20",
          "/v1/instances/" + id.toUpperCase(java.util.Locale.ROOT) + "x",
        }) {
      var answer = EDGE.call("GET", path);
      assertThat(answer.status()).as("%s: %s", path, answer).isIn(400, 404);
      assertThat(answer.json().get("details").findValuesAsText("reason"))
          .as("%s: %s", path, answer)
          .hasSize(1);
    }
    RestErrors.check(EDGE.call("GET", "/v1/instances/../../etc/passwd"), 404, 12, "PATH_NOT_FOUND");
  }

  @Test
  void anIncompleteRequestTimesOut() throws IOException {
    try (var socket = new Socket()) {
      socket.connect(EDGE.rest());
      socket.setSoTimeout(30_000);
      socket
          .getOutputStream()
          .write("GET /v1/instances HTTP/1.1\r\nHost: loc".getBytes(StandardCharsets.US_ASCII));
      RestErrors.check(new RawHttp.Exchange(socket).whole(), 408, 4, "REQUEST_INCOMPLETE");
    }
  }

  @Test
  void forgedHeadersOfEnvoyAreDropped() throws IOException {
    var answer =
        EDGE.call(
            RawHttp.Request.of("POST", "/v1/instances")
                .json("{\"name\":\"a\"}")
                .with("x-envoy-upstream-rq-timeout-ms", "1")
                .with("x-envoy-upstream-alt-stat-name", "x")
                .with("x-http-status", "418")
                .with("x-request-id", "mine"));
    assertThat(answer.status()).isEqualTo(201);
    assertThat(answer.header("x-request-id").orElseThrow()).isNotEqualTo("mine");
  }

  @Test
  void anUnknownHostIsMisdirected() throws IOException {
    var answer =
        RawHttp.send(
            EDGE.rest(),
            RawHttp.Request.of("POST", "/v1/organization/signup")
                .json("{\"name\":\"me\"}")
                .with("Host", "rebound.example"));
    RestErrors.check(answer, 421, 5, "HOST_UNKNOWN");
  }

  @Test
  void theServersAuthorizationServiceIsNotExposed() throws IOException {
    var request =
        new RawHttp.Request(
            "POST",
            "/envoy.service.auth.v3.Authorization/Check",
            Map.of("Host", "localhost", "Content-Type", "application/json"),
            ByteString.copyFromUtf8("{}"));
    RestErrors.check(EDGE.call(request), 404, 12, "PATH_NOT_FOUND");
  }

  @Test
  void onlyConfiguredOriginsMayReadResponsesInABrowser() throws IOException {
    var allowed = preflight("https://app.example");
    assertThat(allowed.status()).isEqualTo(200);
    assertThat(allowed.header("access-control-allow-origin")).contains("https://app.example");
    assertThat(allowed.header("access-control-allow-headers").orElse("")).contains("authorization");
    assertThat(allowed.header("access-control-allow-methods").orElse("")).contains("PATCH");
    for (String origin :
        new String[] {
          "https://app.example.evil", "https://evil.example", "http://app.example", "null"
        }) {
      assertThat(preflight(origin).headers()).doesNotContainKey("access-control-allow-origin");
    }
    var read =
        EDGE.call(RawHttp.Request.of("GET", "/v1/instances").with("Origin", "https://app.example"));
    assertThat(read.header("access-control-allow-origin")).contains("https://app.example");
    assertThat(read.header("access-control-expose-headers").orElse("")).contains("retry-after");
  }

  private static RawHttp.Answer preflight(String origin) throws IOException {
    return RawHttp.send(
        EDGE.rest(),
        RawHttp.Request.of("OPTIONS", "/v1/instances")
            .with("Origin", origin)
            .with("Access-Control-Request-Method", "POST")
            .with("Access-Control-Request-Headers", "authorization"));
  }

  @Test
  void withoutAServerTheErrorIsAlsoJson(@TempDir Path folder) throws Exception {
    try (var envoy =
        EnvoyProcess.start(
            Files.createDirectories(folder.resolve("alone")),
            Map.of(
                "CHOWDER_GRPC_PORT", "1",
                "CHOWDER_OPERATOR_PORT", "1",
                "CHOWDER_MONITORING_PORT", "1",
                "CHOWDER_ENVOY_TOKEN_FILE",
                    Files.writeString(Edge.envoyToken(folder), "none").toString()))) {
      var answer =
          RawHttp.send(Edge.loopback(envoy.port()), RawHttp.Request.of("GET", "/v1/instances"));
      RestErrors.check(answer, 503, 14, "SERVER_UNAVAILABLE");
      assertThat(answer.header("retry-after")).isPresent();
      var gateway =
          RawHttp.send(
              Edge.loopback(envoy.port()),
              RawHttp.Request.of("GET", "/").with("Host", "x.localhost"));
      RestErrors.check(gateway, 503, 14, "SERVER_UNAVAILABLE");
    }
  }

  @Test
  void aCallWithoutAResponseInTimeIs504() throws IOException {
    var answer = EDGE.call("POST", "/v1/instances", "{\"name\":\"silent\"}");
    RestErrors.check(answer, 504, 4, "NO_ANSWER_IN_TIME");
    assertThat(answer.header("x-should-retry")).contains("false");
  }

  /** With a max_interval of 0.5 s, Envoy ended each try after that time, and the caller got 503. */
  @Test
  void aNodeThatTakesLongToCheckAKeyIsCalledOnce() throws IOException {
    var create = RawHttp.Request.of("POST", "/v1/instances").json("{\"name\":\"slow\"}");
    var answer = RawHttp.send(EDGE.rest(), create.with("Authorization", "Bearer " + Edge.SLOW_KEY));
    assertThat(answer.status()).isEqualTo(201);
    // One for Envoy, and one for the call.
    assertThat(EDGE.edge().slowKeyLookups.get()).isEqualTo(2);
  }
}
