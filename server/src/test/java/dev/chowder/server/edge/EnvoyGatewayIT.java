package dev.chowder.server.edge;

import static org.assertj.core.api.Assertions.assertThat;

import dev.chowder.base.Ids;
import dev.chowder.server.auth.AuthInterceptor;
import dev.chowder.server.auth.EnvoyToken;
import dev.chowder.server.gateway.GatewayDirectory.Lookup;
import io.envoyproxy.envoy.service.auth.v3.AttributeContext;
import io.envoyproxy.envoy.service.auth.v3.AuthorizationGrpc;
import io.envoyproxy.envoy.service.auth.v3.CheckRequest;
import io.grpc.Metadata;
import io.grpc.Status;
import io.grpc.netty.shaded.io.grpc.netty.NettyChannelBuilder;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Tests where an instance's host name leads, and what it must never reach. */
class EnvoyGatewayIT {
  @RegisterExtension static final EdgeWithEnvoy EDGE = new EdgeWithEnvoy();

  private final String id = Ids.next();
  private final String otherId = Ids.next();
  private StubGateway gateway;
  private StubGateway other;

  @BeforeEach
  void twoInstances() throws IOException {
    gateway = new StubGateway();
    other = new StubGateway();
    EDGE.edge().place(id, gateway.address());
    EDGE.edge().place(otherId, other.address());
  }

  @AfterEach
  void close() {
    gateway.close();
    other.close();
  }

  @Test
  void eachNameLeadsToItsOwnGateway() throws Exception {
    assertThat(get(id, "/chat?x=1").status()).isEqualTo(200);
    assertThat(get(otherId, "/other").status()).isEqualTo(200);
    assertThat(gateway.next().path()).isEqualTo("/chat?x=1");
    assertThat(other.next().path()).isEqualTo("/other");
    assertThat(gateway.seen).isEmpty();
  }

  @Test
  void thePortAndTheCaseOfTheNameDoNotMatter() throws Exception {
    var host = id.toUpperCase(java.util.Locale.ROOT) + ".LOCALHOST:8080";
    assertThat(send(RawHttp.Request.of("GET", "/").with("Host", host)).status()).isEqualTo(200);
    assertThat(gateway.next().path()).isEqualTo("/");
  }

  @Test
  void theGatewayGetsTheCallersHeadersButNoClientAddress() throws Exception {
    var request =
        request("GET", id, "/x")
            .with("Authorization", "Bearer the-gateways-own")
            .with("Cookie", "a=b")
            .with("X-Forwarded-For", "9.9.9.9")
            .with("Forwarded", "for=9.9.9.9")
            .with("X-Real-IP", "9.9.9.9");
    assertThat(send(request).status()).isEqualTo(200);
    var headers = gateway.next().headers();
    assertThat(headers.getFirst("authorization")).isEqualTo("Bearer the-gateways-own");
    assertThat(headers.getFirst("cookie")).isEqualTo("a=b");
    assertThat(headers.getFirst("host")).isEqualTo(id + ".localhost");
    assertThat(headers)
        .doesNotContainKeys(
            "X-forwarded-for",
            "X-forwarded-proto",
            "X-forwarded-host",
            "X-real-ip",
            "Forwarded",
            "X-envoy-external-address");
  }

  @Test
  void aGatewaysNameDoesNotServeTheApi() throws Exception {
    get(id, "/v1/instances");
    assertThat(gateway.next().path()).isEqualTo("/v1/instances");
  }

  @Test
  void aForgedDestinationIsIgnored() throws Exception {
    var request =
        request("GET", id, "/x")
            .with("x-envoy-original-dst-host", "127.0.0.1:" + other.address().getPort());
    assertThat(send(request).status()).isEqualTo(200);
    assertThat(gateway.next().headers()).doesNotContainKey("X-envoy-original-dst-host");
    assertThat(other.seen).isEmpty();
  }

  @Test
  void onlyEnvoyGetsTheAddressOfAGateway() {
    var question =
        CheckRequest.newBuilder()
            .setAttributes(
                AttributeContext.newBuilder()
                    .setRequest(
                        AttributeContext.Request.newBuilder()
                            .setHttp(
                                AttributeContext.HttpRequest.newBuilder()
                                    .setHost(id + ".localhost")
                                    .setPath("/"))))
            .build();
    var channel =
        NettyChannelBuilder.forAddress(Edge.loopback(EDGE.edge().grpc.port()))
            .usePlaintext()
            .build();
    try {
      for (var shown : new String[] {"", "none", Edge.KEY}) {
        var headers = new Metadata();
        headers.put(AuthInterceptor.AUTHORIZATION, "Bearer " + Edge.KEY);
        if (!shown.isEmpty()) headers.put(EnvoyToken.HEADER, shown);
        var end =
            RawGrpc.call(
                channel,
                AuthorizationGrpc.getCheckMethod().getFullMethodName(),
                question.toByteArray(),
                headers);
        assertThat(end.code()).as(end.toString()).isEqualTo(Status.Code.UNAUTHENTICATED);
        assertThat(end.reasons()).as(end.toString()).containsExactly("KEY_INVALID");
        Leaks.check(end.message());
      }
    } finally {
      channel.shutdownNow();
    }
  }

  @Test
  void anUnknownNameIsNotFound() throws IOException {
    RestErrors.check(get(Ids.next(), "/"), 404, 5, "INSTANCE_NOT_FOUND");
    RestErrors.check(get("not-an-id", "/"), 404, 5, "INSTANCE_NOT_FOUND");
    RestErrors.check(get("a." + id, "/"), 404, 5, "INSTANCE_NOT_FOUND");
  }

  @Test
  void anInstanceThatDoesNotRunIsReported() throws IOException {
    EDGE.edge().lookups.put(id, new Lookup.WrongState("stopped", "stopped"));
    var answer = get(id, "/");
    RestErrors.check(answer, 503, 14, "INSTANCE_NOT_RUNNING");
    assertThat(answer.json().get("message").asText()).contains("stopped", "running");
  }

  @Test
  void aGatewayThatDoesNotAnswerIsUnavailable() throws IOException {
    // Binds the port, so that no other process listens on it.
    try (var closed = new Socket()) {
      closed.bind(Edge.loopback(0));
      EDGE.edge().place(id, Edge.loopback(closed.getLocalPort()));
      RestErrors.check(get(id, "/"), 502, 14, "GATEWAY_UNAVAILABLE");
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "/api/v1/admin",
        "/api/v1/admin/",
        "/api/v1/admin/rpc",
        "/api/v1/admin/rpc?x=1",
        "/API/v1/Admin/rpc",
        "//api/v1/admin/rpc",
        "/api//v1///admin/rpc",
        "/./api/v1/admin/rpc",
        "/x/../api/v1/admin/rpc",
        "/x/%2e%2e/api/v1/admin/rpc",
        "/x/%2E./api/v1/admin/rpc",
        "/api/v1/%61dmin/rpc",
        "/api/v1/%41dmin/rpc",
        "/api%2fv1%2fadmin%2frpc",
        "/api%2Fv1/admin/rpc",
        "/api/v1%5cadmin%5crpc",
        "/api\\v1\\admin\\rpc",
        "/api/v1/%2561dmin/rpc",
        "/api/v1/admin;x=1/rpc",
        "/api;a/v1;b/admin;c/rpc",
        "/api/v1/admin%00/rpc",
        "/api/v1/admin%3fx",
        "/api/v1/ad%0amin/rpc",
        "/api/v1/admin%20/rpc",
        "/x/..%2fapi/v1/admin/rpc",
        "/api/v1/x/%252e%252e/admin/rpc",
        "/api/v1/admin?",
        "/api/v1/admin#x",
      })
  void theAdminRouteIsUnreachableInAnySpelling(String path) throws IOException {
    var answer = send(request("POST", id, path).with("Authorization", "Bearer gateway-token"));
    assertThat(answer.status()).as("%s", answer).isIn(400, 404);
    assertThat(answer.json().get("details")).hasSize(1);
    assertThat(gateway.seen).isEmpty();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"/api/v1/administrators", "/api/v1", "/?to=/api/v1/admin", "/a/api/v1/admin"})
  void similarPathsReachTheGateway(String path) throws Exception {
    assertThat(get(id, path).status()).isEqualTo(200);
    assertThat(gateway.next().path()).isEqualTo(path);
  }

  @Test
  void aWebhookWithItsOwnPortReachesOnlyItsListener() throws Exception {
    EDGE.edge().listeners.put(id + ":3978", other.address());
    assertThat(send(request("POST", id, "/api/messages")).status()).isEqualTo(200);
    var asked = other.next();
    assertThat(asked.path()).isEqualTo("/api/messages");
    assertThat(asked.headers().getFirst("host")).isEqualTo(id + ".localhost");
    assertThat(gateway.seen).isEmpty();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "/api/messages?x=1",
        "/api/messages/",
        "/api/messages/x",
        "/api/messages;x",
        "/API/messages",
        "/api%2fmessages",
        "/api%5cmessages",
        "/api/%256dessages",
        "/api/messages%00",
        "/api/messages%20",
        "/api/messages%3fx",
        "/x/..%2fapi/messages",
        "/x/api/messages",
        "/x?/api/messages",
        "/line/webhook",
      })
  void otherSpellingsOfAWebhookReachTheGateway(String path) throws Exception {
    EDGE.edge().listeners.put(id + ":3978", other.address());
    var answer = send(request("POST", id, path));
    // Envoy passes no control characters.
    assertThat(answer.status()).as("%s", answer).isIn(200, 400);
    if (answer.status() == 200) {
      assertThat(gateway.next().path()).isNotEqualTo("/api/messages");
    }
    assertThat(other.seen).isEmpty();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "/api/%6dessages",
        "/api\\messages",
        "//api///messages",
        "/x/../api/./messages",
        "/x/%2e%2e/api/messages",
      })
  void aPathThatEnvoyRoutesAsAWebhookArrivesAsAWebhook(String path) throws Exception {
    EDGE.edge().listeners.put(id + ":3978", other.address());
    assertThat(send(request("POST", id, path)).status()).isEqualTo(200);
    assertThat(other.next().path()).isEqualTo("/api/messages");
    assertThat(gateway.seen).isEmpty();
  }

  @Test
  void onlyAPostReachesAWebhook() throws Exception {
    EDGE.edge().listeners.put(id + ":3978", other.address());
    for (var method : new String[] {"GET", "PUT", "DELETE", "OPTIONS"}) {
      assertThat(send(request(method, id, "/api/messages")).status()).isEqualTo(200);
      assertThat(gateway.next().path()).isEqualTo("/api/messages");
    }
    assertThat(other.seen).isEmpty();
  }

  @Test
  void aWebhookOfAStoppedInstanceIsRejectedLikeItsGateway() throws IOException {
    EDGE.edge().listeners.put(id + ":3978", other.address());
    EDGE.edge().lookups.put(id, new Lookup.WrongState("stopped", "stopped"));
    var post = request("POST", id, "/api/messages");
    RestErrors.check(send(post), 503, 14, "INSTANCE_NOT_RUNNING");
    EDGE.edge().lookups.remove(id);
    RestErrors.check(send(post), 404, 5, "INSTANCE_NOT_FOUND");
    assertThat(other.seen).isEmpty();
  }

  @Test
  void aWebhookWithoutAListenerIsUnavailable() throws IOException {
    var post = request("POST", id, "/api/messages");
    RestErrors.check(send(post), 502, 14, "GATEWAY_UNAVAILABLE");
    try (var closed = new Socket()) {
      closed.bind(Edge.loopback(0));
      EDGE.edge().listeners.put(id + ":3978", Edge.loopback(closed.getLocalPort()));
      RestErrors.check(send(post), 502, 14, "GATEWAY_UNAVAILABLE");
    }
    assertThat(gateway.seen).isEmpty();
  }

  @Test
  void aWebSocketReachesTheGatewayAndIsReportedToTheServer() throws Exception {
    try (var echo = new ServerSocket(0, 5, InetAddress.getLoopbackAddress())) {
      Thread.ofVirtual().start(() -> upgradeAndEcho(echo));
      EDGE.edge().place(id, Edge.loopback(echo.getLocalPort()));
      try (var exchange = RawHttp.open(EDGE.rest(), upgrade())) {
        var head = exchange.head();
        assertThat(head.status()).isEqualTo(101);
        assertThat(head.header("upgrade")).contains("websocket");
        exchange.socket().getOutputStream().write("frames".getBytes(StandardCharsets.UTF_8));
        assertThat(new String(exchange.in().readNBytes(6), StandardCharsets.UTF_8))
            .isEqualTo("frames");
      }
    }
    assertThat(EDGE.edge().webSockets.poll(30, TimeUnit.SECONDS)).isEqualTo(id);
  }

  @Test
  void theApisHostNameRejectsWebSockets() throws IOException {
    var answer =
        send(
            RawHttp.Request.of("GET", "/v1/instances")
                .with("Connection", "Upgrade")
                .with("Upgrade", "websocket"));
    assertThat(answer.status()).isNotEqualTo(101).isBetween(400, 499);
  }

  private RawHttp.Request upgrade() {
    return request("GET", id, "/ws")
        .with("Connection", "Upgrade")
        .with("Upgrade", "websocket")
        .with("Sec-WebSocket-Version", "13")
        .with("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ==");
  }

  static void upgradeAndEcho(ServerSocket server) {
    try (Socket socket = server.accept()) {
      var in = socket.getInputStream();
      var head = new StringBuilder();
      while (head.indexOf("\r\n\r\n") < 0) {
        head.append((char) in.read());
      }
      socket
          .getOutputStream()
          .write(
              "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n"
                  .getBytes(StandardCharsets.UTF_8));
      socket.getOutputStream().write(in.readNBytes(6));
    } catch (IOException e) {
      // The test fails because of the missing bytes.
    }
  }

  private static RawHttp.Answer get(String name, String path) throws IOException {
    return send(request("GET", name, path));
  }

  private static RawHttp.Request request(String method, String name, String path) {
    return RawHttp.Request.of(method, path).with("Host", name + ".localhost");
  }

  private static RawHttp.Answer send(RawHttp.Request request) throws IOException {
    return RawHttp.send(EDGE.rest(), request);
  }
}
