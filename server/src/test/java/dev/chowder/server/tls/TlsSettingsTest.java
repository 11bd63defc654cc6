package dev.chowder.server.tls;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.typesafe.config.Config;
import com.typesafe.config.ConfigFactory;
import dev.chowder.cluster.TlsSettings;
import dev.chowder.server.ServerSettings;
import dev.chowder.server.error.Rejection;
import dev.chowder.server.tls.CertificateAuthority.Identity;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Tests that incomplete or inconsistent TLS settings are rejected. */
class TlsSettingsTest {
  private static final String NAME = "chowder-node";

  @TempDir static Path folder;
  private static CertificateAuthority ours;
  private static Identity node;

  @BeforeAll
  static void issue() throws IOException {
    ours = new CertificateAuthority(folder, "ours");
    node = ours.issue("node", "localhost", "CHOWDER-node");
  }

  @Test
  void withoutFilesTlsIsOff() {
    assertThat(TlsSettings.of(config(Map.of()))).isEmpty();
  }

  @Test
  void consistentFilesAreAccepted() {
    var settings = TlsSettings.of(internal(node, ours.certificate())).orElseThrow();
    assertThat(settings.certificate()).isEqualTo(node.certificate());
    assertThat(settings.name()).isEqualTo(NAME);
  }

  @Test
  void twoOfThreeFilesAreRejected() {
    for (var unset : new String[] {"certificate", "key", "ca"}) {
      var settings = new HashMap<>(files(node, ours.certificate()));
      settings.put("chowder.tls.internal-" + unset, "");
      rejects(config(settings), "internal-" + unset);
    }
  }

  @Test
  void missingAndInvalidFilesAreRejected() throws IOException {
    var none = folder.resolve("none");
    var text = Files.writeString(folder.resolve("text"), "not PEM");
    for (var bad : new Path[] {none, text, folder}) {
      rejects(
          internal(new Identity(bad, node.key()), ours.certificate()), "internal-certificate", bad);
      rejects(internal(node, bad), "internal-ca", bad);
      rejects(
          internal(new Identity(node.certificate(), bad), ours.certificate()), "internal-key", bad);
    }
  }

  @Test
  void aKeyOfAnotherCertificateIsRejected() throws IOException {
    var other = ours.issue("other", NAME);
    rejects(
        internal(new Identity(node.certificate(), other.key()), ours.certificate()),
        "internal-key",
        other.key(),
        node.certificate());
  }

  @Test
  void aKeyIsNeverPartOfAMessage() throws IOException {
    var broken = folder.resolve("broken.key");
    var lines = Files.readAllLines(node.key());
    var line = lines.get(3);
    Files.write(broken, List.of(lines.getFirst(), line, lines.getLast()));
    var config = internal(new Identity(node.certificate(), broken), ours.certificate());
    rejects(config, "internal-key").hides(line);
    assertThatThrownBy(() -> TlsSettings.of(config)).hasNoCause();
  }

  @Test
  void aCertificateOfAnotherCaIsRejected() throws IOException {
    rejects(
        internal(
            new CertificateAuthority(folder, "stranger").issue("node", NAME), ours.certificate()),
        "internal-certificate",
        ours.certificate());
  }

  @Test
  void anExpiredCertificateIsRejected() throws IOException {
    rejects(
        internal(ours.issue("node", Instant.now().minusSeconds(60), NAME), ours.certificate()),
        "internal-certificate",
        "valid");
  }

  @Test
  void aNodesCertificateMustHaveTheNameOfNodes() throws IOException {
    for (var other : new Identity[] {ours.issue("node", "localhost"), ours.issue(NAME)}) {
      rejects(internal(other, ours.certificate()), "internal-certificate", "DNS:chowder-node");
    }
  }

  @Test
  void gatewayUrlsUseEnvoysScheme() {
    // Set explicitly, because the environment may set another port.
    var port = "chowder.gateway.port";
    assertThat(url(Map.of(port, 8443))).isEqualTo("http://id.localhost:8443");
    assertThat(url(Map.of(port, 8443, "chowder.tls.certificate", "/c", "chowder.tls.key", "/k")))
        .isEqualTo("https://id.localhost:8443");
    // A proxy in front of Envoy may have the certificate.
    assertThat(url(Map.of("chowder.gateway.scheme", "https", "chowder.gateway.port", 443)))
        .isEqualTo("https://id.localhost");
  }

  @Test
  void incompletePublicTlsSettingsAreRejected() {
    rejectsPublic("key", "certificate");
    rejectsPublic("certificate", "key");
    rejectsPublic("certificate", "client-ca");
  }

  private static void rejectsPublic(String unset, String set) {
    Rejection.ofSetting("chowder.tls." + unset, () -> url(Map.of("chowder.tls." + set, "/file")))
        .shows(variable(unset), "chowder.tls." + set);
  }

  private static String url(Map<String, Object> settings) {
    return ServerSettings.of(config(settings)).gateway().urlOf("id");
  }

  private static Rejection rejects(Config config, String setting, Object... shown) {
    return Rejection.ofSetting("chowder.tls." + setting, () -> TlsSettings.of(config))
        .shows(variable(setting))
        .shows(shown);
  }

  private static String variable(String setting) {
    return "CHOWDER_TLS_" + setting.replace('-', '_').toUpperCase(Locale.ROOT);
  }

  private static Config internal(Identity identity, Path ca) {
    return config(files(identity, ca));
  }

  static Map<String, Object> files(Identity identity, Path ca) {
    return Map.of(
        "chowder.tls.internal-certificate", identity.certificate().toString(),
        "chowder.tls.internal-key", identity.key().toString(),
        "chowder.tls.internal-ca", ca.toString());
  }

  private static Config config(Map<String, Object> settings) {
    return ConfigFactory.parseMap(settings).withFallback(ConfigFactory.load());
  }
}
