package dev.chowder.server.edge;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.chowder.api.v1.CreateInstanceRequest;
import dev.chowder.api.v1.InstanceServiceGrpc;
import dev.chowder.base.Ids;
import dev.chowder.cli.CommandLineRun;
import dev.chowder.cli.command.Environment;
import dev.chowder.cli.command.Terminals;
import dev.chowder.server.auth.AuthInterceptor;
import dev.chowder.server.tls.CertificateAuthority;
import dev.chowder.server.tls.CertificateAuthority.Identity;
import dev.chowder.server.tls.Handshake;
import io.grpc.ChannelCredentials;
import io.grpc.Grpc;
import io.grpc.InsecureChannelCredentials;
import io.grpc.Metadata;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.stub.MetadataUtils;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import javax.net.ssl.SSLContext;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * A real Envoy with certificates on both sides: callers need one, and Envoy needs one at the node.
 * Everything that works in plain text works here.
 */
class EnvoyTlsIT {
  @TempDir static Path folder;
  private static CertificateAuthority nodes;
  private static CertificateAuthority publicCa;
  private static CertificateAuthority callers;
  private static Identity shown;
  private static Identity caller;
  private static Edge edge;
  private static EnvoyProcess envoy;

  @BeforeAll
  static void start() throws IOException, InterruptedException {
    nodes = new CertificateAuthority(folder, "nodes");
    publicCa = new CertificateAuthority(folder, "public");
    callers = new CertificateAuthority(folder, "callers");
    shown = publicCa.issue("api", "localhost", "*.localhost");
    caller = callers.issue("caller");
    var node = nodes.issue("node", "chowder-node");
    edge =
        new Edge(
            folder,
            Map.of(
                "chowder.tls.internal-certificate", node.certificate().toString(),
                "chowder.tls.internal-key", node.key().toString(),
                "chowder.tls.internal-ca", nodes.certificate().toString()));
    envoy = edge.startEnvoy(folder, variables(nodes.issue("envoy")));
  }

  private static Map<String, String> variables(Identity envoys) {
    return new HashMap<>(
        Map.of(
            "CHOWDER_TLS_CERTIFICATE", shown.certificate().toString(),
            "CHOWDER_TLS_KEY", shown.key().toString(),
            "CHOWDER_TLS_CLIENT_CA", callers.certificate().toString(),
            "CHOWDER_TLS_INTERNAL_CERTIFICATE", envoys.certificate().toString(),
            "CHOWDER_TLS_INTERNAL_KEY", envoys.key().toString(),
            "CHOWDER_TLS_INTERNAL_CA", nodes.certificate().toString()));
  }

  @AfterAll
  static void end() {
    if (envoy != null) envoy.close();
    if (edge != null) edge.close();
  }

  @Test
  void restServesCallersWithACertificate() throws IOException {
    assertThat(list(publicCa.context(caller), envoy).status()).isEqualTo(200);
    // The monitoring port serves this request.
    assertThat(
            send(publicCa.context(caller), envoy, RawHttp.Request.of("GET", "/healthz")).status())
        .isEqualTo(200);
  }

  @Test
  void theCommandLinePresentsItsCertificate() throws IOException {
    Files.setPosixFilePermissions(caller.key(), PosixFilePermissions.fromString("rw-------"));
    var variables = commandLine();
    assertThat(ls(variables).code()).isEqualTo(4);
    assertThat(ls(variables).errors())
        .contains("certificate", "--client-certificate")
        .hasLineCount(1);
    variables.put("CHOWDER_TLS_CLIENT_CERTIFICATE", caller.certificate().toString());
    variables.put("CHOWDER_TLS_CLIENT_KEY", caller.key().toString());
    assertThat(ls(variables)).isEqualTo(new Ran(0, ""));
  }

  private record Ran(int code, String errors) {}

  private static Map<String, String> commandLine() {
    return new HashMap<>(
        Map.of(
            "CHOWDER_URL",
            "https://localhost:" + envoy.port(),
            "CHOWDER_KEY",
            Edge.KEY,
            "CHOWDER_TLS_CA",
            publicCa.certificate().toString(),
            "HOME",
            folder.toString()));
  }

  private static Ran ls(Map<String, String> variables) {
    var errors = new ByteArrayOutputStream();
    var environment =
        new Environment(
            variables,
            InputStream.nullInputStream(),
            OutputStream.nullOutputStream(),
            errors,
            Terminals.of(""));
    int code = CommandLineRun.of(environment, "ls", "-o", "json");
    return new Ran(code, errors.toString(StandardCharsets.UTF_8));
  }

  /** Envoy also presents its own certificate to the operator port. */
  @Test
  void theOperatorApiServesOperatorsWithACertificate() throws IOException {
    var token = Files.readString(folder.resolve("operator.token")).strip();
    var request =
        RawHttp.Request.of("GET", "/operator/v1/organizations")
            .with("Authorization", "Bearer " + token);
    int port = envoy.operatorPort();
    try (var socket = Handshake.with(publicCa.context(caller), port, "http/1.1")) {
      assertThat(RawHttp.over(socket, request).whole().status()).isEqualTo(200);
    }
    assertThatThrownBy(() -> RawHttp.send(Edge.loopback(port), request))
        .isInstanceOf(IOException.class);
    var untrusted = new CertificateAuthority(folder, "strange-operators").issue("stranger");
    assertThatThrownBy(
            () -> {
              try (var socket = Handshake.with(publicCa.context(untrusted), port, "http/1.1")) {
                var _ = RawHttp.over(socket, request).whole();
              }
            })
        .isInstanceOf(IOException.class);
  }

  @Test
  void grpcServesCallersWithACertificate() throws IOException {
    assertThat(create(publicCa.client(caller))).isEqualTo("a");
  }

  @Test
  void restRejectsPlainTextMissingAndUntrustedCertificates() throws IOException {
    var untrusted = new CertificateAuthority(folder, "strangers").issue("stranger");
    assertThatThrownBy(
            () -> RawHttp.send(Edge.loopback(envoy.port()), RawHttp.Request.of("GET", "/healthz")))
        .isInstanceOf(IOException.class);
    assertThatThrownBy(() -> list(publicCa.context(), envoy)).isInstanceOf(IOException.class);
    assertThatThrownBy(() -> list(publicCa.context(untrusted), envoy))
        .isInstanceOf(IOException.class);
  }

  @Test
  void grpcRejectsPlainTextMissingAndUntrustedCertificates() throws IOException {
    var untrusted = new CertificateAuthority(folder, "other-strangers").issue("stranger");
    for (var refused :
        new ChannelCredentials[] {
          InsecureChannelCredentials.create(), publicCa.client(), publicCa.client(untrusted)
        }) {
      var thrown = catchThrowableOfType(StatusRuntimeException.class, () -> create(refused));
      // The connection ends before or after the call was written.
      assertThat(thrown.getStatus().getCode()).isIn(Status.Code.UNAVAILABLE, Status.Code.INTERNAL);
    }
  }

  @Test
  void theHttpVersionIsNegotiatedWithEachCaller() throws IOException {
    var context = publicCa.context(caller);
    for (var protocols : new String[][] {{"h2", "http/1.1"}, {"http/1.1"}}) {
      try (var socket = Handshake.with(context, envoy.port(), protocols)) {
        assertThat(socket.getApplicationProtocol()).isEqualTo(protocols[0]);
      }
    }
  }

  @Test
  void aWatchIsStreamed() throws IOException {
    var context = publicCa.context(caller);
    var made =
        send(context, envoy, withKey("POST", "/v1/instances").json("{\"name\":\"watched\"}"));
    var target = "/v1/instances/" + made.json().get("id").asText() + "/watch";
    try (var stream = RawHttp.over(Handshake.with(context, envoy.port()), withKey("GET", target))) {
      assertThat(stream.head().header("content-type")).contains("text/event-stream");
      assertThat(new String(stream.chunk(), StandardCharsets.UTF_8)).startsWith("data: {");
    }
  }

  @Test
  void aGatewaysNameServesHttpAndWebSockets() throws Exception {
    var context = publicCa.context(caller);
    var id = Ids.next();
    try (var gateway = new StubGateway()) {
      edge.place(id, gateway.address());
      var request = RawHttp.Request.of("GET", "/chat").with("Host", id + ".localhost");
      assertThat(send(context, envoy, request).status()).isEqualTo(200);
      assertThat(gateway.next().path()).isEqualTo("/chat");
    }
    try (var echo = new ServerSocket(0, 5, InetAddress.getLoopbackAddress())) {
      Thread.ofVirtual().start(() -> EnvoyGatewayIT.upgradeAndEcho(echo));
      edge.place(id, Edge.loopback(echo.getLocalPort()));
      var upgrade =
          RawHttp.Request.of("GET", "/ws")
              .with("Host", id + ".localhost")
              .with("Connection", "Upgrade")
              .with("Upgrade", "websocket")
              .with("Sec-WebSocket-Version", "13")
              .with("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ==");
      try (var exchange = RawHttp.over(Handshake.with(context, envoy.port()), upgrade)) {
        assertThat(exchange.head().status()).isEqualTo(101);
        exchange.socket().getOutputStream().write("frames".getBytes(StandardCharsets.UTF_8));
        assertThat(new String(exchange.in().readNBytes(6), StandardCharsets.UTF_8))
            .isEqualTo("frames");
      }
    }
  }

  @Test
  void aReplacedCertificateIsUsedForTheNextCaller() throws IOException {
    var previous = Handshake.shown(publicCa, caller, envoy.port());
    shown.become(publicCa.issue("api", "localhost", "*.localhost"));
    Handshake.awaitOther(previous, publicCa, caller, envoy.port());
    assertThat(list(publicCa.context(caller), envoy).status()).isEqualTo(200);
  }

  @Test
  void aNodeRejectsAnUntrustedEnvoy(@TempDir Path other) throws Exception {
    var variables = variables(new CertificateAuthority(other, "strangers").issue("envoy"));
    getsNoAnswer(other, variables);
  }

  @Test
  void envoySendsNothingToAnUntrustedNode(@TempDir Path other) throws Exception {
    var variables = variables(nodes.issue("envoy"));
    variables.put(
        "CHOWDER_TLS_INTERNAL_CA",
        new CertificateAuthority(other, "elsewhere").certificate().toString());
    getsNoAnswer(other, variables);
  }

  @Test
  void envoySendsNothingToAServerWhoseTrustedCertificateIsNotANodes(@TempDir Path other)
      throws Exception {
    var variables = variables(nodes.issue("envoy"));
    variables.put("CHOWDER_TLS_INTERNAL_NAME", "another-name");
    getsNoAnswer(other, variables);
  }

  /** Envoy itself responds, to a caller who needs no certificate this time. */
  private static void getsNoAnswer(Path other, Map<String, String> variables) throws Exception {
    variables.remove("CHOWDER_TLS_CLIENT_CA");
    Files.copy(Edge.envoyToken(folder), Edge.envoyToken(other));
    try (var unknown = edge.startEnvoy(other, variables)) {
      RestErrors.check(list(publicCa.context(), unknown), 503, 14, "SERVER_UNAVAILABLE");
    }
  }

  private static RawHttp.Answer list(SSLContext context, EnvoyProcess at) throws IOException {
    return send(context, at, withKey("GET", "/v1/instances"));
  }

  private static RawHttp.Answer send(SSLContext context, EnvoyProcess at, RawHttp.Request request)
      throws IOException {
    try (var exchange =
        RawHttp.over(Handshake.with(context, at.port()), request.with("Connection", "close"))) {
      return exchange.whole();
    }
  }

  private static RawHttp.Request withKey(String method, String target) {
    return RawHttp.Request.of(method, target).with("Authorization", "Bearer " + Edge.KEY);
  }

  private static String create(ChannelCredentials credentials) {
    var headers = new Metadata();
    headers.put(AuthInterceptor.AUTHORIZATION, "Bearer " + Edge.KEY);
    var channel = Grpc.newChannelBuilder("localhost:" + envoy.port(), credentials).build();
    try {
      return InstanceServiceGrpc.newBlockingStub(channel)
          .withDeadlineAfter(20, TimeUnit.SECONDS)
          .withInterceptors(MetadataUtils.newAttachHeadersInterceptor(headers))
          .createInstance(CreateInstanceRequest.newBuilder().setName("a").build())
          .getName();
    } finally {
      channel.shutdownNow();
    }
  }
}
