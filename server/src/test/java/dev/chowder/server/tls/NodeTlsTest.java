package dev.chowder.server.tls;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import com.typesafe.config.Config;
import com.typesafe.config.ConfigFactory;
import dev.chowder.server.Chowder;
import dev.chowder.server.error.Rejection;
import dev.chowder.server.operator.OperatorClient;
import dev.chowder.server.tls.CertificateAuthority.Identity;
import dev.chowder.simulator.FakeSandboxSettings;
import dev.chowder.simulator.SimulatedEngine;
import io.grpc.ChannelCredentials;
import io.grpc.Grpc;
import io.grpc.InsecureChannelCredentials;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.health.v1.HealthCheckRequest;
import io.grpc.health.v1.HealthCheckResponse.ServingStatus;
import io.grpc.health.v1.HealthGrpc;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import javax.net.ssl.SSLContext;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The ports of a complete node reject callers without a certificate. */
class NodeTlsTest {
  @TempDir static Path folder;
  private static CertificateAuthority ours;
  private static Identity node;
  private static Identity caller;
  private static Identity untrusted;
  private static Chowder chowder;

  @BeforeAll
  static void start() throws IOException {
    ours = new CertificateAuthority(folder, "ours");
    node = ours.issue("node", "chowder-node", "localhost");
    caller = ours.issue("envoy");
    untrusted = new CertificateAuthority(folder, "strangers").issue("envoy");
    chowder = Chowder.start(ConfigFactory.load(settings("home")), NodeTlsTest::engine);
  }

  private static Config settings(String home) {
    var all =
        new HashMap<String, Object>(
            Map.of(
                "chowder.home",
                folder.resolve(home).toString(),
                "chowder.grpc.port",
                0,
                "chowder.operator.port",
                0,
                "chowder.monitoring.port",
                0,
                "chowder.grpc.shutdown-timeout",
                "1s",
                "chowder.tls.reload-interval",
                "50ms"));
    all.putAll(TlsSettingsTest.files(node, ours.certificate()));
    return ConfigFactory.parseMap(all)
        .withFallback(ConfigFactory.parseResources("application.conf"));
  }

  private static SimulatedEngine engine(Config unused) {
    return new SimulatedEngine(FakeSandboxSettings.instant().in(folder.resolve("sandboxes")));
  }

  @AfterAll
  static void end() {
    chowder.close();
  }

  @Test
  void grpcServesCallersWithACertificateOfTheCa() throws IOException {
    assertThat(health(ours.client(caller))).isEqualTo(ServingStatus.SERVING);
  }

  @Test
  void grpcRejectsPlainTextMissingAndUntrustedCertificates() throws IOException {
    for (var refused :
        new ChannelCredentials[] {
          InsecureChannelCredentials.create(), ours.client(), ours.client(untrusted)
        }) {
      var thrown = catchThrowableOfType(StatusRuntimeException.class, () -> health(refused));
      // The connection ends before or after the call was written.
      assertThat(thrown.getStatus().getCode()).isIn(Status.Code.UNAVAILABLE, Status.Code.INTERNAL);
    }
  }

  @Test
  void theOperatorPortServesCallersWithACertificateOfTheCa() throws IOException {
    // Without the token, so that the call ends with an error of the server.
    assertThat(listNodes(ours.client(caller))).isEqualTo(Status.Code.UNAUTHENTICATED);
  }

  @Test
  void theOperatorPortRejectsPlainTextMissingAndUntrustedCertificates() throws IOException {
    for (var refused :
        new ChannelCredentials[] {
          InsecureChannelCredentials.create(), ours.client(), ours.client(untrusted)
        }) {
      assertThat(listNodes(refused)).isIn(Status.Code.UNAVAILABLE, Status.Code.INTERNAL);
    }
  }

  @Test
  void theMonitoringPortServesCallersWithACertificateOfTheCa() throws Exception {
    assertThat(healthz("https", ours.context(caller))).isEqualTo(200);
  }

  @Test
  void theMonitoringPortRejectsPlainTextMissingAndUntrustedCertificates() {
    assertThatThrownBy(() -> healthz("http", ours.context(caller))).isInstanceOf(IOException.class);
    assertThatThrownBy(() -> healthz("https", ours.context())).isInstanceOf(IOException.class);
    assertThatThrownBy(() -> healthz("https", ours.context(untrusted)))
        .isInstanceOf(IOException.class);
  }

  @Test
  void replacedFilesAreReadAgain() throws Exception {
    var previous = Handshake.shown(ours, caller, chowder.grpcPort());
    assertThat(Handshake.shown(ours, caller, chowder.operatorPort())).isEqualTo(previous);
    assertThat(Handshake.shown(ours, caller, chowder.monitoringPort())).isEqualTo(previous);
    node.become(ours.issue("node", "chowder-node", "localhost"));
    Handshake.awaitOther(previous, ours, caller, chowder.grpcPort());
    Handshake.awaitOther(previous, ours, caller, chowder.operatorPort());
    Handshake.awaitOther(previous, ours, caller, chowder.monitoringPort());
    assertThat(health(ours.client(caller))).isEqualTo(ServingStatus.SERVING);
  }

  @Test
  void aNodeWithIncompleteTlsSettingsDoesNotStart() {
    var settings =
        ConfigFactory.parseMap(Map.of("chowder.tls.internal-ca", ""))
            .withFallback(settings("another-home"));
    Rejection.ofSetting(
            "chowder.tls.internal-ca",
            () -> Chowder.start(ConfigFactory.load(settings), NodeTlsTest::engine))
        .shows("CHOWDER_TLS_INTERNAL_CA");
    assertThat(Files.exists(folder.resolve("another-home"))).isFalse();
  }

  private static ServingStatus health(ChannelCredentials credentials) {
    var channel =
        Grpc.newChannelBuilder("localhost:" + chowder.grpcPort(), credentials)
            .overrideAuthority("chowder-node")
            .build();
    try {
      return HealthGrpc.newBlockingStub(channel)
          .withDeadlineAfter(20, TimeUnit.SECONDS)
          .check(HealthCheckRequest.getDefaultInstance())
          .getStatus();
    } finally {
      channel.shutdownNow();
    }
  }

  private static Status.Code listNodes(ChannelCredentials credentials) {
    var channel =
        Grpc.newChannelBuilder("localhost:" + chowder.operatorPort(), credentials)
            .overrideAuthority("chowder-node")
            .build();
    try {
      return catchThrowableOfType(
              StatusRuntimeException.class,
              () -> new OperatorClient(channel, "").call("ListNodes", "{}"))
          .getStatus()
          .getCode();
    } finally {
      channel.shutdownNow();
    }
  }

  private static int healthz(String scheme, SSLContext context) throws Exception {
    var uri = URI.create(scheme + "://localhost:" + chowder.monitoringPort() + "/healthz");
    try (var client = HttpClient.newBuilder().sslContext(context).build()) {
      var request = HttpRequest.newBuilder(uri).timeout(Duration.ofSeconds(20)).build();
      return client.send(request, HttpResponse.BodyHandlers.discarding()).statusCode();
    }
  }
}
