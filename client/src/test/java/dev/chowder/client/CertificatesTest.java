package dev.chowder.client;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import com.sun.net.httpserver.HttpsConfigurator;
import com.sun.net.httpserver.HttpsParameters;
import com.sun.net.httpserver.HttpsServer;
import dev.chowder.client.context.Context;
import dev.chowder.client.context.Key;
import dev.chowder.client.context.TlsFiles;
import dev.chowder.client.failure.ClientException;
import dev.chowder.client.failure.ClientException.Kind;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.KeyStore;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLParameters;
import javax.net.ssl.TrustManagerFactory;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Tests TLS against servers with a certificate of their own, of which one requires another one. */
@Timeout(60)
class CertificatesTest {
  private static final char[] STORE_CODE = "changeit".toCharArray();

  @TempDir static Path folder;
  private static HttpsServer server;
  private static HttpsServer mutual;

  @BeforeAll
  static void start() throws Exception {
    issue("server", "EC");
    issue("ec", "EC");
    issue("rsa", "RSA");
    issue("ed", "Ed25519");
    issue("other", "EC");
    server = serve(false);
    mutual = serve(true);
  }

  private static HttpsServer serve(boolean isMutual) throws Exception {
    var managers = KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm());
    managers.init(KeyStore.getInstance(store("server").toFile(), STORE_CODE), STORE_CODE);
    var trusted = KeyStore.getInstance("PKCS12");
    trusted.load(null, null);
    for (var name : List.of("ec", "rsa", "ed")) {
      trusted.setCertificateEntry(name, Certificates.read(certificate(name)).getFirst());
    }
    var trust = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
    trust.init(trusted);
    var tls = SSLContext.getInstance("TLS");
    tls.init(managers.getKeyManagers(), trust.getTrustManagers(), null);
    var started = HttpsServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    started.setHttpsConfigurator(
        new HttpsConfigurator(tls) {
          @Override
          public void configure(HttpsParameters parameters) {
            SSLParameters required = tls.getDefaultSSLParameters();
            required.setNeedClientAuth(isMutual);
            parameters.setSSLParameters(required);
          }
        });
    started.createContext(
        "/",
        exchange -> {
          exchange.sendResponseHeaders(200, 2);
          exchange.getResponseBody().write(new byte[] {'{', '}'});
          exchange.close();
        });
    started.start();
    return started;
  }

  @AfterAll
  static void stop() {
    server.stop(0);
    mutual.stop(0);
  }

  @Test
  void aServerIsTrustedByItsCa() {
    assertThat(call("localhost", ca())).isEqualTo("{}");
  }

  @Test
  void anUnknownCaIsNotTrusted() {
    assertThatExceptionOfType(ClientException.class)
        .isThrownBy(() -> call("localhost", null))
        .satisfies(failure -> assertThat(failure.kind()).isEqualTo(Kind.UNTRUSTED));
  }

  @Test
  void theCertificateMustNameTheHost() {
    assertThatExceptionOfType(ClientException.class)
        .isThrownBy(() -> call("127.0.0.1", ca()))
        .satisfies(failure -> assertThat(failure.kind()).isEqualTo(Kind.UNTRUSTED));
  }

  @Test
  void aFileWithoutACertificateIsRefused() throws IOException {
    var empty = Files.writeString(folder.resolve("empty.pem"), "");
    var damaged = Files.writeString(folder.resolve("damaged.pem"), "-----BEGIN CERTIFICATE-----");
    for (var file : List.of(empty, damaged, folder.resolve("missing.pem"))) {
      assertThatExceptionOfType(ClientException.class)
          .isThrownBy(() -> call("localhost", file))
          .satisfies(failure -> assertThat(failure.kind()).isEqualTo(Kind.INVALID));
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"ec", "rsa", "ed"})
  void aClientCertificateIsPresented(String name) {
    assertThat(callMutual(certificate(name), key(name))).isEqualTo("{}");
  }

  @Test
  void aServerThatRequiresACertificateSaysSo() {
    assertThatExceptionOfType(ClientException.class)
        .isThrownBy(() -> callMutual(null, null))
        .satisfies(failure -> assertThat(failure.kind()).isEqualTo(Kind.CERTIFICATE_REJECTED));
  }

  @Test
  void aCertificateThatTheServerDoesNotTrustIsDenied() {
    assertThatExceptionOfType(ClientException.class)
        .isThrownBy(() -> callMutual(certificate("other"), key("other")))
        .satisfies(failure -> assertThat(failure.kind()).isEqualTo(Kind.CERTIFICATE_REJECTED));
  }

  @Test
  void aKeyThatOthersCanReadIsRefused() throws IOException {
    var exposed = Files.copy(key("ec"), folder.resolve("exposed.key"));
    Files.setPosixFilePermissions(exposed, PosixFilePermissions.fromString("rw-r-----"));
    assertRefused(certificate("ec"), exposed, "chmod 600");
    // The modes of an installation's files are the operator's choice.
    var files = TlsFiles.of(null, certificate("ec"), exposed, "test");
    assertThat(Certificates.context(files, true)).isNotNull();
  }

  @Test
  void aWrongKeyIsRefused() throws IOException {
    assertRefused(certificate("ec"), key("other"), "not the key of the certificate");
    assertRefused(certificate("ec"), key("rsa"), "not the key of the certificate");
    assertRefused(certificate("ec"), folder.resolve("missing.key"), "there is no");
    assertRefused(folder.resolve("missing.pem"), key("ec"), "there is no");
    assertRefused(certificate("ec"), secret("old", pem("EC PRIVATE KEY", "AA==")), "pkcs8");
    assertRefused(certificate("ec"), secret("damaged", pem("PRIVATE KEY", "A")), "damaged");
  }

  private static String pem(String type, String content) {
    return "-----BEGIN %s-----\n%s\n-----END %s-----\n".formatted(type, content, type);
  }

  private static void assertRefused(Path certificate, Path key, String why) {
    assertThatExceptionOfType(ClientException.class)
        .isThrownBy(() -> callMutual(certificate, key))
        .withMessageContaining(why)
        .satisfies(failure -> assertThat(failure.kind()).isEqualTo(Kind.INVALID));
  }

  private static String callMutual(@Nullable Path certificate, @Nullable Path key) {
    return call("localhost", mutual, new TlsFiles(ca(), certificate, key));
  }

  private static String call(String host, @Nullable Path ca) {
    return call(host, server, new TlsFiles(ca, null, null));
  }

  private static String call(String host, HttpsServer called, TlsFiles files) {
    var url = URI.create("https://%s:%d".formatted(host, called.getAddress().getPort()));
    var context = Context.named("test", url, Key.of("k", "test"), files);
    try (var api = new Api(context, _ -> {}, _ -> {}, _ -> {})) {
      return api.send(Call.get("/v1/instances")).json();
    }
  }

  private static Path ca() {
    return certificate("server");
  }

  private static Path store(String name) {
    return folder.resolve(name + ".p12");
  }

  private static Path certificate(String name) {
    return folder.resolve(name + ".pem");
  }

  private static Path key(String name) {
    return folder.resolve(name + ".key");
  }

  /** Creates a certificate, and writes its private key as openssl does. */
  private static void issue(String name, String algorithm) throws Exception {
    var store = store(name).toString();
    keytool(
        "-genkeypair",
        "-keyalg",
        algorithm,
        "-dname",
        "CN=localhost",
        "-ext",
        "san=dns:localhost",
        "-keystore",
        store);
    keytool("-exportcert", "-rfc", "-keystore", store, "-file", certificate(name).toString());
    var key = KeyStore.getInstance(store(name).toFile(), STORE_CODE).getKey("it", STORE_CODE);
    var encoded = Base64.getMimeEncoder(64, new byte[] {'\n'}).encodeToString(key.getEncoded());
    var _ = secret(name, pem("PRIVATE KEY", encoded));
  }

  private static Path secret(String name, String text) throws IOException {
    Files.writeString(key(name), text);
    return Files.setPosixFilePermissions(key(name), PosixFilePermissions.fromString("rw-------"));
  }

  private static void keytool(String... arguments) throws Exception {
    var command = new ArrayList<String>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "keytool").toString());
    command.addAll(List.of(arguments));
    command.addAll(List.of("-alias", "it", "-storepass", new String(STORE_CODE)));
    var process = new ProcessBuilder(command).redirectErrorStream(true).start();
    var said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertThat(process.waitFor()).as(said).isZero();
  }
}
