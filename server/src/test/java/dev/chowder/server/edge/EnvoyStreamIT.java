package dev.chowder.server.edge;

import static org.assertj.core.api.Assertions.assertThat;

import dev.chowder.secret.Secret;
import dev.chowder.server.gateway.GatewayDirectory.Lookup;
import java.io.IOException;
import java.io.OutputStream;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** Tests streams through Envoy: watches, logs, and messages in both directions. */
class EnvoyStreamIT {
  @RegisterExtension static final EdgeWithEnvoy EDGE = new EdgeWithEnvoy();

  private StubGateway gateway;
  private String id;

  @BeforeEach
  void anInstanceWithAGateway() throws IOException {
    gateway = new StubGateway();
    id = EDGE.create("agent");
    EDGE.edge().place(id, gateway.address());
  }

  @AfterEach
  void close() {
    gateway.close();
  }

  @Test
  void aWatchReturnsServerSentEventsThatAreFlushedAtOnce() throws IOException {
    try (var stream = open("GET", "/v1/instances/" + id + "/watch", "")) {
      var head = stream.head();
      assertThat(head.status()).isEqualTo(200);
      assertThat(head.header("content-type")).contains("text/event-stream");
      // The first message arrives while the stream is open; the second waits for the test.
      String first = text(stream.chunk());
      assertThat(first).startsWith("data: {").endsWith("}\n\n").contains("\"revision\":1");
      EDGE.edge().instances.secondMessage.countDown();
      assertThat(text(stream.chunk())).contains("\"revision\":2", "\"status\":\"running\"");
      assertThat(stream.chunk()).isEmpty();
    }
  }

  @Test
  void aStreamWithoutAMessageHasHeaders() throws IOException {
    try (var stream = open("GET", "/v1/instances/" + id + "/watch?after_revision=1", "")) {
      var head = stream.head();
      assertThat(head.status()).isEqualTo(200);
      assertThat(head.header("content-type")).contains("text/event-stream");
    }
  }

  @Test
  void logLinesAreServerSentEvents() throws IOException {
    var answer = EDGE.call("GET", "/v1/instances/" + id + "/logs?lines=5");
    assertThat(answer.body()).isEqualTo("data: {\"text\":\"one \\\"line\\\"\"}\n\n");
  }

  @Test
  void aWatchOfAnUnknownInstanceIsAnErrorAndNoStream() throws IOException {
    RestErrors.check(EDGE.call("GET", "/v1/instances/nope/watch"), 404, 5, "INSTANCE_NOT_FOUND");
  }

  @Test
  void aMessageReachesTheGatewayAndItsResponseTheCaller() throws Exception {
    gateway.behave(e -> StubGateway.reply(e, 200, "application/json", "{\"id\":\"resp_1\"}"));
    var answer = message("{\"input\": \"h\u00e9\", \"model\" : \"gpt-4o\", \"x\": 1.0}");
    assertThat(answer.status()).isEqualTo(200);
    assertThat(answer.header("content-type")).contains("application/json");
    assertThat(answer.body()).isEqualTo("{\"id\":\"resp_1\"}");
    var seen = gateway.next();
    assertThat(seen.path()).isEqualTo("/v1/responses");
    // The caller's body byte for byte, except for the model.
    assertThat(seen.body())
        .isEqualTo("{\"input\": \"h\u00e9\", \"model\" : \"openclaw/main\", \"x\": 1.0}");
    assertThat(seen.headers().getFirst("authorization")).isEqualTo("Bearer gateway-token");
    assertThat(seen.headers().getFirst("x-openclaw-model")).isEqualTo("gpt-4o");
    assertThat(seen.headers().getFirst("x-openclaw-session-key")).isEqualTo("main");
    assertThat(seen.headers())
        .doesNotContainKeys("X-forwarded-for", "X-forwarded-proto", "Forwarded", "X-real-ip");
  }

  @Test
  void sessionNamesAreCaseSensitive() throws Exception {
    session("Anna");
    session("anna");
    assertThat(gateway.next().headers().getFirst("x-openclaw-session-key"))
        .isNotEqualTo(gateway.next().headers().getFirst("x-openclaw-session-key"));
  }

  private void session(String session) throws IOException {
    var answer =
        EDGE.call("POST", "/v1/instances/" + id + "/session/" + session + "/responses", "{}");
    assertThat(answer.status()).isEqualTo(200);
  }

  @Test
  void aResponseIsForwardedWhileTheGatewaySendsIt() throws Exception {
    BlockingQueue<String> words = new LinkedBlockingQueue<>();
    gateway.behave(
        e -> {
          e.getResponseHeaders().set("content-type", "text/event-stream");
          e.sendResponseHeaders(200, 0);
          OutputStream out = e.getResponseBody();
          for (String word = take(words); !word.equals("END"); word = take(words)) {
            out.write(word.getBytes(StandardCharsets.UTF_8));
            out.flush();
          }
        });
    try (var stream = open("POST", responses(), "{\"input\":\"x\",\"stream\":true}")) {
      words.add("event: a\ndata: 1\n\n");
      assertThat(stream.head().header("content-type")).contains("text/event-stream");
      assertThat(text(stream.chunk())).isEqualTo("event: a\ndata: 1\n\n");
      words.add("event: b\ndata: 2\n\n");
      assertThat(text(stream.chunk())).isEqualTo("event: b\ndata: 2\n\n");
      words.add("END");
      assertThat(stream.chunk()).isEmpty();
    }
  }

  @Test
  void theGatewaysOwnErrorKeepsItsStatusAndRetryAfter() throws IOException {
    gateway.behave(
        e -> {
          e.getResponseHeaders().set("retry-after", "12");
          StubGateway.reply(e, 429, "application/json", "{\"error\":{\"message\":\"slow down\"}}");
        });
    var answer = message("{\"input\":\"x\"}");
    assertThat(answer.status()).isEqualTo(429);
    assertThat(answer.header("retry-after")).contains("12");
    assertThat(answer.body()).isEqualTo("{\"error\":{\"message\":\"slow down\"}}");
  }

  @Test
  void aGatewayThatRejectsChowdersTokenIsUnavailable() throws IOException {
    gateway.behave(e -> StubGateway.reply(e, 401, "application/json", "{\"error\":\"token\"}"));
    RestErrors.check(message("{\"input\":\"x\"}"), 502, 14, "GATEWAY_UNAVAILABLE");
  }

  @Test
  void aGatewayThatDoesNotAnswerIsUnavailable() throws IOException {
    // Binds the port, so that no other process listens on it.
    try (var closed = new Socket()) {
      closed.bind(Edge.loopback(0));
      EDGE.edge().place(id, Edge.loopback(closed.getLocalPort()));
      RestErrors.check(message("{\"input\":\"x\"}"), 502, 14, "GATEWAY_UNAVAILABLE");
    }
  }

  @Test
  void anInstanceThatDoesNotRunIsAConflict() throws IOException {
    EDGE.edge().lookups.put(id, new Lookup.WrongState("stopped", "stopped"));
    var answer = message("{\"input\":\"x\"}");
    RestErrors.check(answer, 409, 9, "WRONG_STATE");
    assertThat(answer.json().at("/details/0/metadata/status").asText()).isEqualTo("stopped");
    assertThat(answer.json().get("message").asText()).contains("running");
  }

  @Test
  void anInterruptedStreamEndsWithAnErrorEvent() throws IOException {
    gateway.behave(
        e -> {
          e.getResponseHeaders().set("content-type", "text/event-stream");
          e.sendResponseHeaders(200, 1000);
          e.getResponseBody().write("data: half".getBytes(StandardCharsets.UTF_8));
          e.getResponseBody().flush();
          throw new IOException("the gateway died");
        });
    var answer = message("{\"input\":\"x\",\"stream\":true}");
    assertThat(answer.status()).isEqualTo(200);
    assertThat(answer.body())
        .startsWith("data: half\n\nevent: error\ndata: {")
        .contains("\"code\":\"GATEWAY_UNAVAILABLE\"")
        .endsWith("}\n\n");
  }

  @Test
  void aDisconnectedCallerClosesTheConnectionToTheGateway() throws Exception {
    gateway.behave(
        e -> {
          e.getResponseHeaders().set("content-type", "text/event-stream");
          e.sendResponseHeaders(200, 0);
          while (true) {
            e.getResponseBody().write("data: x\n\n".getBytes(StandardCharsets.UTF_8));
            e.getResponseBody().flush();
          }
        });
    try (var stream = open("POST", responses(), "{\"input\":\"x\",\"stream\":true}")) {
      stream.head();
      assertThat(stream.chunk()).isNotEmpty();
    }
    assertThat(gateway.callerWentAway.await(30, TimeUnit.SECONDS)).isTrue();
  }

  @Test
  void theTokenOfTheGatewayIsNeverShown() {
    assertThat(new Lookup.Target(gateway.address(), Secret.of("hidden")).toString())
        .doesNotContain("hidden");
  }

  private RawHttp.Answer message(String json) throws IOException {
    return EDGE.call("POST", responses(), json);
  }

  private String responses() {
    return "/v1/instances/" + id + "/responses";
  }

  private static RawHttp.Exchange open(String method, String path, String json) throws IOException {
    var request = RawHttp.Request.of(method, path).with("Authorization", "Bearer " + Edge.KEY);
    return RawHttp.open(EDGE.rest(), json.isEmpty() ? request : request.json(json));
  }

  private static String text(byte[] bytes) {
    return new String(bytes, StandardCharsets.UTF_8);
  }

  private static String take(BlockingQueue<String> words) {
    try {
      String word = words.poll(20, TimeUnit.SECONDS);
      return word == null ? "END" : word;
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return "END";
    }
  }
}
