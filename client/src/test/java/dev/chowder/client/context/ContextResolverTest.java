package dev.chowder.client.context;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.chowder.client.failure.ClientException;
import dev.chowder.client.failure.ClientException.Kind;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ContextResolverTest {
  @TempDir Path folder;
  private final Map<String, String> variables = new HashMap<>();
  private ContextFile file = new ContextFile(Path.of("unset"));

  @BeforeEach
  void createContexts() {
    variables.put("HOME", folder.toString());
    file = ContextFile.of(variables);
    file.update(contexts -> contexts.with(context("a")).with(context("b")));
  }

  @Test
  void theOptionComesBeforeAllVariables() {
    variables.put("CHOWDER_URL", "https://other.example.com");
    variables.put("CHOWDER_KEY", "other");
    variables.put("CHOWDER_CONTEXT", "b");
    assertThat(resolve("a")).isEqualTo("https://a.example.com with secret-of-a");
  }

  @Test
  void theVariableComesBeforeTheCurrentContext() {
    file.update(contexts -> contexts.use("a"));
    assertThat(resolve(null)).isEqualTo("https://a.example.com with secret-of-a");
    variables.put("CHOWDER_CONTEXT", "b");
    assertThat(resolve(null)).isEqualTo("https://b.example.com with secret-of-b");
  }

  @Test
  void withoutAContextTheInstallationOnThisMachineIsUsed() throws IOException {
    writeLocalKey(folder.resolve(".local/share/chowder"));
    assertThat(resolve(null)).isEqualTo("http://localhost:8080 with local-key");
  }

  @Test
  void theInstallationHasItsOwnHomeAndPort() throws IOException {
    writeLocalKey(folder.resolve("other"));
    variables.put("CHOWDER_HOME", folder.resolve("other").toString());
    variables.put("CHOWDER_REST_PORT", "18080");
    variables.put("CHOWDER_TLS_CERTIFICATE", "/cert.pem");
    variables.put("CHOWDER_TLS_NAME", "chowder.test");
    assertThat(resolve("local")).isEqualTo("https://chowder.test:18080 with local-key");
  }

  @Test
  void withoutAnInstallationTheErrorSaysWhatToDo() {
    refused(null, Kind.NO_KEY, "chowder up", "context add");
  }

  @Test
  void anUnknownContextIsNotFound() {
    refused("c", Kind.NO_CONTEXT, "chowder context ls");
  }

  @Test
  void aKeyReplacesThatOfTheContext() throws IOException {
    file.update(contexts -> contexts.use("a"));
    variables.put("CHOWDER_KEY_FILE", Files.writeString(folder.resolve("k"), "file\n").toString());
    assertThat(resolve(null)).isEqualTo("https://a.example.com with file");
    variables.put("CHOWDER_KEY", "variable");
    assertThat(resolve(null)).isEqualTo("https://a.example.com with variable");
  }

  @Test
  void aKeyIsEnoughForTheInstallationOnThisMachine() {
    variables.put("CHOWDER_KEY", "variable");
    assertThat(resolve(null)).isEqualTo("http://localhost:8080 with variable");
  }

  /** Otherwise a wrong URL would receive the key of the current context. */
  @Test
  void aUrlGetsNoKeyOfAContext() {
    file.update(contexts -> contexts.use("a"));
    variables.put("CHOWDER_URL", "https://other.example.com");
    refused(null, Kind.NO_KEY, "CHOWDER_KEY");
    variables.put("CHOWDER_KEY", "other");
    assertThat(resolve(null)).isEqualTo("https://other.example.com with other");
  }

  @Test
  void aServerIsFoundWithoutAKey() {
    var resolver = new ContextResolver(variables, file);
    assertThat(resolver.withoutKey(null))
        .isEqualTo(new Context("local", URI.create("http://localhost:8080"), null, TlsFiles.NONE));
    assertThat(resolver.withoutKey("a").url()).hasToString("https://a.example.com");
    assertThat(resolver.withoutKey("a").key()).isNull();
    variables.put("CHOWDER_URL", "https://other.example.com");
    assertThat(resolver.withoutKey(null).url()).hasToString("https://other.example.com");
  }

  @Test
  void theVariablesOfScriptsNameTheClientCertificate() {
    variables.put("CHOWDER_KEY", "variable");
    variables.put("CHOWDER_TLS_CA", "/ca.pem");
    variables.put("CHOWDER_TLS_CLIENT_CERTIFICATE", "/me.pem");
    refused(null, Kind.INVALID, "CHOWDER_TLS_CLIENT_KEY");
    variables.put("CHOWDER_TLS_CLIENT_KEY", "/me.key");
    assertThat(new ContextResolver(variables, file).resolve(null).tls())
        .isEqualTo(new TlsFiles(Path.of("/ca.pem"), Path.of("/me.pem"), Path.of("/me.key")));
  }

  @Test
  void aKeyThatIsNoneIsNotShown() {
    variables.put("CHOWDER_KEY", "se\ncret");
    assertThatExceptionOfType(ClientException.class)
        .isThrownBy(() -> resolve(null))
        .satisfies(failure -> assertThat(failure.getMessage()).doesNotContain("cret"));
  }

  private void refused(@Nullable String option, Kind code, String... words) {
    assertThatExceptionOfType(ClientException.class)
        .isThrownBy(() -> resolve(option))
        .satisfies(failure -> assertThat(failure.kind()).isEqualTo(code))
        .satisfies(failure -> assertThat(failure.getMessage()).contains(words));
  }

  private String resolve(@Nullable String option) {
    var context = new ContextResolver(variables, file).resolve(option);
    var key = Objects.requireNonNull(context.key());
    return context.url() + " with " + key.authorization().replace("Bearer ", "");
  }

  private static void writeLocalKey(Path home) throws IOException {
    Files.writeString(Files.createDirectories(home).resolve("organization.key"), "local-key\n");
  }

  private static Context context(String name) {
    var url = URI.create("https://%s.example.com".formatted(name));
    return Context.named(name, url, Key.of("secret-of-" + name, "test"), TlsFiles.NONE);
  }
}
