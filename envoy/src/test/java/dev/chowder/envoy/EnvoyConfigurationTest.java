package dev.chowder.envoy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Tests the configuration for several settings, and the settings that are rejected. */
class EnvoyConfigurationTest {
  @TempDir private Path folder;
  private final Map<String, String> variables = new HashMap<>();

  @BeforeEach
  void anInstallation() throws IOException {
    variables.put("CHOWDER_DESCRIPTORS", "/app/chowder.pb");
    variables.put("CHOWDER_OPENAPI", "/app/openapi.json");
    variables.put("CHOWDER_ENVOY_SECRETS", folder.resolve("secrets").toString());
    variables.put(
        "CHOWDER_ENVOY_TOKEN_FILE", Files.writeString(folder.resolve("t"), "token\n").toString());
  }

  @Test
  void withoutCertificatesThereIsNoTls() {
    assertThat(render()).doesNotContain("transport_socket", "${CHOWDER");
    assertThat(folder.resolve("secrets")).doesNotExist();
  }

  @Test
  void filesHaveDefaultsInTheStateDirectory() throws IOException {
    variables.remove("CHOWDER_ENVOY_TOKEN_FILE");
    variables.put("CHOWDER_HOME", "");
    variables.put("HOME", folder.toString());
    var home = Files.createDirectories(folder.resolve(".local/share/chowder"));
    Files.writeString(home.resolve("envoy.token"), "its-token\n");
    assertThat(render())
        .contains("\"" + home.resolve("run/envoy-admin.sock") + "\"", "its-token\"");
  }

  /** One organization may have three quarters of them open at each node. */
  @Test
  void envoyTakesAsManyRequestsAsAllNodes() {
    variables.put(
        "CHOWDER_NODES",
        "10.0.0.1:9090:9091:9095, 10.0.0.2:9090:9091:9095,10.0.0.3:9090:9091:9095");
    assertThat(render()).contains("max_requests: 60000,");
    variables.put("CHOWDER_MAX_OPEN_CALLS", "50000");
    assertThat(render()).contains("max_requests: 150000,");
  }

  @Test
  void anAddressInBracketsIsOfIpv6() {
    variables.put("CHOWDER_NODES", "[fd00::1]:9090:9091:9095");
    assertThat(render())
        .contains("{address: \"fd00::1\", port_value: 9090}")
        .contains("{address: \"fd00::1\", port_value: 9091}")
        .contains("{address: \"fd00::1\", port_value: 9095}");
  }

  @ParameterizedTest
  @ValueSource(strings = {"*", "\"*\""})
  void anyHostIsServed(String hosts) {
    assertThat(render()).contains("# BEGIN unknown hosts");
    variables.put("CHOWDER_API_HOSTS", hosts);
    assertThat(render()).contains("domains: [\"*\"]").doesNotContain("# BEGIN unknown hosts");
  }

  @ParameterizedTest
  @ValueSource(strings = {"https://(a|b)\\.example\\.com", "a&b\\&c\\\\d", "a$1${x}"})
  void specialCharactersOfAnExpressionStay(String origins) {
    variables.put("CHOWDER_CORS_ORIGINS", origins);
    assertThat(render()).contains("regex: '" + origins + "'");
  }

  @Test
  void theConfigurationContainsPathsButNoKeys() {
    var api = KeyFiles.make(folder, "api", "-keyalg", "EC");
    variables.put("CHOWDER_TLS_CERTIFICATE", api.certificate().toString());
    variables.put("CHOWDER_TLS_KEY", api.key().toString());
    assertThat(render())
        .contains("DownstreamTlsContext")
        .doesNotContain("require_client_certificate", "UpstreamTlsContext", "${CHOWDER");
    assertThat(folder.resolve("secrets/public_certificate.yaml"))
        .content()
        .contains(api.certificate().toString(), api.key().toString())
        .doesNotContain("BEGIN");
    assertThat(folder.resolve("secrets")).isDirectoryNotContaining("glob:**.new");
  }

  @Test
  void nodesAndCallersCanNeedCertificates() {
    var own = KeyFiles.make(folder, "own", "-keyalg", "EC");
    for (var prefix : new String[] {"CHOWDER_TLS_", "CHOWDER_TLS_INTERNAL_"}) {
      variables.put(prefix + "CERTIFICATE", own.certificate().toString());
      variables.put(prefix + "KEY", own.key().toString());
    }
    variables.put("CHOWDER_TLS_CLIENT_CA", own.certificate().toString());
    variables.put("CHOWDER_TLS_INTERNAL_CA", own.certificate().toString());
    assertThat(render())
        .contains("DownstreamTlsContext", "require_client_certificate", "UpstreamTlsContext");
    assertThat(folder.resolve("secrets").toFile().list())
        .containsExactlyInAnyOrder(
            "public_certificate.yaml",
            "client_ca.yaml",
            "internal_certificate.yaml",
            "internal_ca.yaml");
  }

  @Test
  void wrongValuesAreRejectedByName() {
    variables.put("CHOWDER_NODES", "10.0.0.1:9090:9091:9095,10.0.0.2:9090");
    rejects("CHOWDER_NODES: ", "host:gRPC port:operator port:monitoring port", "10.0.0.2:9090");
    variables.remove("CHOWDER_NODES");
    variables.put("CHOWDER_MAX_OPEN_CALLS", "many");
    rejects("CHOWDER_MAX_OPEN_CALLS: ", "many");
    variables.remove("CHOWDER_MAX_OPEN_CALLS");
    variables.put("CHOWDER_ENVOY_ADMIN_SOCKET", "/" + "a".repeat(107));
    rejects("CHOWDER_ENVOY_ADMIN_SOCKET: ", "at most 107 characters", "108");
    var none = folder.resolve("none").toString();
    variables.put("CHOWDER_ENVOY_TOKEN_FILE", none);
    variables.remove("CHOWDER_ENVOY_ADMIN_SOCKET");
    rejects("cannot read the token", none, "CHOWDER_ENVOY_TOKEN_FILE");
  }

  @Test
  void wrongTlsSettingsAreRejected() {
    variables.put("CHOWDER_TLS_KEY", folder.resolve("none").toString());
    rejects("CHOWDER_TLS_CERTIFICATE: ", "CHOWDER_TLS_KEY");
  }

  private void rejects(String beginning, String... shown) {
    assertThatThrownBy(this::render)
        .isInstanceOf(IllegalArgumentException.class)
        .message()
        .startsWith(beginning)
        .contains(shown)
        .hasLineCount(1);
  }

  private String render() {
    return EnvoyConfiguration.render(variables);
  }
}
