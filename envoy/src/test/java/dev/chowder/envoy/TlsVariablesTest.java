package dev.chowder.envoy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TlsVariablesTest {
  @TempDir private static Path folder;
  private static KeyFiles api;
  private static KeyFiles other;
  private final Map<String, String> variables = new HashMap<>();

  @BeforeAll
  static void keys() {
    api = KeyFiles.make(folder, "api", "-keyalg", "EC");
    other = KeyFiles.make(folder, "other", "-keyalg", "EC");
  }

  @Test
  void noVariablesMeanNoTls() {
    assertThatCode(tls()::checkCallers).doesNotThrowAnyException();
    assertThat(tls().isPublic()).isFalse();
    assertThat(tls().isInternal()).isFalse();
  }

  @Test
  void incompleteTlsSettingsAreRejectedByName() {
    set("KEY", api.key());
    rejects("CHOWDER_TLS_CERTIFICATE", "CHOWDER_TLS_KEY");
    set("CERTIFICATE", folder.resolve("none"));
    rejects("CHOWDER_TLS_CERTIFICATE", folder.resolve("none"));
    set("CERTIFICATE", other.certificate());
    rejects("CHOWDER_TLS_KEY", api.key(), "CHOWDER_TLS_CERTIFICATE");
    set("CERTIFICATE", api.certificate());
    assertThatCode(tls()::check).doesNotThrowAnyException();
    assertThat(tls().isPublic()).isTrue();
    set("INTERNAL_CA", api.certificate());
    rejects("CHOWDER_TLS_INTERNAL_CERTIFICATE");
    variables.clear();
    set("CLIENT_CA", api.certificate());
    rejects("CHOWDER_TLS_CERTIFICATE", "CHOWDER_TLS_CLIENT_CA");
  }

  @Test
  void aFileOfAnotherKindIsRejected() {
    set("CERTIFICATE", api.certificate());
    set("KEY", api.certificate());
    rejects("CHOWDER_TLS_KEY", "BEGIN PRIVATE KEY");
    set("KEY", api.key());
    set("CERTIFICATE", api.key());
    rejects("CHOWDER_TLS_CERTIFICATE", "BEGIN CERTIFICATE");
    set("CERTIFICATE", Path.of("api.crt"));
    rejects("CHOWDER_TLS_CERTIFICATE", "absolute path");
  }

  @Test
  void callersNeedACertificateIfEnvoyRequiresOne() {
    set("CERTIFICATE", api.certificate());
    set("KEY", api.key());
    set("CLIENT_CA", other.certificate());
    assertThatCode(tls()::check).doesNotThrowAnyException();
    refusesCallers("CHOWDER_TLS_CLIENT_CERTIFICATE: ");
    set("CLIENT_CERTIFICATE", other.certificate());
    refusesCallers("CHOWDER_TLS_CLIENT_KEY: ");
    set("CLIENT_KEY", api.key());
    refusesCallers("CHOWDER_TLS_CLIENT_KEY: must be the key of CHOWDER_TLS_CLIENT_CERTIFICATE");
    set("CLIENT_KEY", other.key());
    assertThatCode(tls()::checkCallers).doesNotThrowAnyException();
    set("CA", folder.resolve("none"));
    refusesCallers("CHOWDER_TLS_CA: ");
  }

  @Test
  void nodesCanHaveTlsAlone() {
    set("INTERNAL_CERTIFICATE", api.certificate());
    set("INTERNAL_KEY", api.key());
    set("INTERNAL_CA", other.certificate());
    assertThatCode(tls()::checkCallers).doesNotThrowAnyException();
    assertThat(tls().isInternal()).isTrue();
    assertThat(tls().isPublic()).isFalse();
    set("INTERNAL_KEY", other.key());
    rejects("CHOWDER_TLS_INTERNAL_KEY", "CHOWDER_TLS_INTERNAL_CERTIFICATE");
  }

  private void set(String name, Path file) {
    variables.put("CHOWDER_TLS_" + name, file.toString());
  }

  /** Asserts that one line names the variable, which it begins with, and the other values. */
  private void rejects(String variable, Object... shown) {
    var rejected =
        assertThatThrownBy(tls()::check)
            .isInstanceOf(IllegalArgumentException.class)
            .message()
            .startsWith(variable + ": ")
            .hasLineCount(1);
    for (var value : shown) rejected.contains(value.toString());
  }

  private void refusesCallers(String beginning) {
    assertThatThrownBy(tls()::checkCallers)
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageStartingWith(beginning);
  }

  private TlsVariables tls() {
    return new TlsVariables(variables);
  }
}
