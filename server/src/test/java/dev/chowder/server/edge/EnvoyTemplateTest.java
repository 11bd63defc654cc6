package dev.chowder.server.edge;

import static org.assertj.core.api.Assertions.assertThat;

import dev.chowder.server.tls.CertificateAuthority;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Tests the configuration that {@code envoy/render.sh} writes for TLS settings, and the settings
 * that it rejects.
 */
class EnvoyTemplateTest {
  @TempDir private Path folder;
  private final Map<String, String> variables = new HashMap<>();

  private record Rendered(int exit, String out, String error) {}

  @BeforeEach
  void anInstallation() throws IOException {
    variables.put("CHOWDER_ENVOY_SECRETS", folder.resolve("secrets").toString());
    variables.put(
        "CHOWDER_ENVOY_TOKEN_FILE", Files.writeString(folder.resolve("t"), "token").toString());
  }

  @Test
  void withoutCertificatesThereIsNoTls() throws Exception {
    var rendered = render();
    assertThat(rendered.exit()).as(rendered.error()).isZero();
    assertThat(rendered.out()).doesNotContain("transport_socket", "${CHOWDER");
    assertThat(folder.resolve("secrets")).doesNotExist();
  }

  /** One organization may have three quarters of them open at each node. */
  @Test
  void envoyTakesAsManyRequestsAsAllNodes() throws Exception {
    variables.put(
        "CHOWDER_NODES", "10.0.0.1:9090:9091:9095,10.0.0.2:9090:9091:9095,10.0.0.3:9090:9091:9095");
    assertThat(render().out()).contains("max_requests: 60000,");
    variables.put("CHOWDER_MAX_OPEN_CALLS", "50000");
    assertThat(render().out()).contains("max_requests: 150000,");
  }

  @Test
  void theConfigurationContainsPathsButNoKeys() throws Exception {
    var ours = new CertificateAuthority(folder, "ours");
    var api = ours.issue("api", "localhost");
    variables.put("CHOWDER_TLS_CERTIFICATE", api.certificate().toString());
    variables.put("CHOWDER_TLS_KEY", api.key().toString());
    var rendered = render();
    assertThat(rendered.exit()).as(rendered.error()).isZero();
    assertThat(rendered.out())
        .contains("DownstreamTlsContext")
        .doesNotContain("require_client_certificate", "UpstreamTlsContext", "${CHOWDER");
    assertThat(folder.resolve("secrets/public_certificate.yaml"))
        .content()
        .contains(api.certificate().toString(), api.key().toString())
        .doesNotContain("BEGIN");
  }

  @Test
  void incompleteTlsSettingsAreRejectedByName() throws Exception {
    var ours = new CertificateAuthority(folder, "ours");
    var api = ours.issue("api", "localhost");
    var other = ours.issue("other");
    variables.put("CHOWDER_TLS_KEY", api.key().toString());
    rejects("CHOWDER_TLS_CERTIFICATE", "CHOWDER_TLS_KEY");
    variables.put("CHOWDER_TLS_CERTIFICATE", folder.resolve("none").toString());
    rejects("CHOWDER_TLS_CERTIFICATE", folder.resolve("none"));
    variables.put("CHOWDER_TLS_CERTIFICATE", other.certificate().toString());
    rejects("CHOWDER_TLS_KEY", api.key(), "CHOWDER_TLS_CERTIFICATE");
    variables.put("CHOWDER_TLS_CERTIFICATE", api.certificate().toString());
    variables.put("CHOWDER_TLS_INTERNAL_CA", ours.certificate().toString());
    rejects("CHOWDER_TLS_INTERNAL_CERTIFICATE");
    variables.keySet().removeIf(name -> name.startsWith("CHOWDER_TLS_"));
    variables.put("CHOWDER_TLS_CLIENT_CA", ours.certificate().toString());
    rejects("CHOWDER_TLS_CERTIFICATE", "CHOWDER_TLS_CLIENT_CA");
  }

  /** Asserts that one line names the variable, which it begins with, and the other values. */
  private void rejects(String variable, Object... shown) throws Exception {
    var rendered = render();
    assertThat(rendered.error()).startsWith(variable + ": ").hasLineCount(1);
    for (var value : shown) assertThat(rendered.error()).contains(value.toString());
    assertThat(rendered.exit()).isEqualTo(1);
    assertThat(rendered.out()).isEmpty();
  }

  private Rendered render() throws Exception {
    var error = folder.resolve("error");
    var builder =
        new ProcessBuilder(EnvoyProcess.repository().resolve("envoy/render.sh").toString())
            .redirectError(error.toFile());
    builder.environment().keySet().removeIf(name -> name.startsWith("CHOWDER_"));
    builder.environment().putAll(variables);
    var process = builder.start();
    process.getOutputStream().close();
    var out = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    return new Rendered(process.waitFor(), out, Files.readString(error));
  }
}
