package dev.chowder.client;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.sun.net.httpserver.HttpServer;
import com.sun.net.httpserver.HttpsConfigurator;
import com.sun.net.httpserver.HttpsServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.cert.Certificate;
import java.time.Duration;
import java.util.List;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLHandshakeException;
import javax.net.ssl.TrustManagerFactory;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Tests calls of a program on this machine, whose certificate has a name that does not resolve. */
@Timeout(60)
class LocalHostTest {
  private static final String NAME = "chowder.invalid";
  private static final char[] STORE_CODE = "changeit".toCharArray();

  @TempDir static Path folder;
  private static HttpsServer secure;
  private static HttpServer plain;
  private static Certificate certificate;

  @BeforeAll
  static void start() throws Exception {
    var store = folder.resolve("server.p12");
    createCertificate(store);
    var keys = KeyStore.getInstance(store.toFile(), STORE_CODE);
    var managers = KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm());
    managers.init(keys, STORE_CODE);
    certificate = keys.getCertificate("it");
    var tls = SSLContext.getInstance("TLS");
    tls.init(managers.getKeyManagers(), null, null);
    var address = new InetSocketAddress(InetAddress.getLoopbackAddress(), 0);
    secure = HttpsServer.create(address, 0);
    secure.setHttpsConfigurator(new HttpsConfigurator(tls));
    plain = HttpServer.create(address, 0);
    for (var server : List.of(secure, plain)) {
      server.createContext(
          "/",
          exchange -> {
            var host = exchange.getRequestHeaders().getFirst("Host");
            var text = (host + " " + exchange.getRequestURI()).getBytes(StandardCharsets.UTF_8);
            exchange.sendResponseHeaders(200, text.length);
            exchange.getResponseBody().write(text);
            exchange.close();
          });
      server.start();
    }
  }

  /** Creates a certificate for the name only, and not for the address. */
  private static void createCertificate(Path store) throws Exception {
    var keytool = Path.of(System.getProperty("java.home"), "bin", "keytool").toString();
    var process =
        new ProcessBuilder(
                List.of(
                    keytool,
                    "-genkeypair",
                    "-keyalg",
                    "EC",
                    "-dname",
                    "CN=" + NAME,
                    "-ext",
                    "san=dns:" + NAME,
                    "-keystore",
                    store.toString(),
                    "-alias",
                    "it",
                    "-storepass",
                    new String(STORE_CODE)))
            .redirectErrorStream(true)
            .start();
    var said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertThat(process.waitFor()).as(said).isZero();
  }

  /** Returns a context without a session of an earlier call. */
  private static SSLContext trusting() throws GeneralSecurityException, IOException {
    var trusted = KeyStore.getInstance("PKCS12");
    trusted.load(null, null);
    trusted.setCertificateEntry("ca", certificate);
    var trust = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
    trust.init(trusted);
    var context = SSLContext.getInstance("TLS");
    context.init(null, trust.getTrustManagers(), null);
    return context;
  }

  @AfterAll
  static void stop() {
    secure.stop(0);
    plain.stop(0);
  }

  @Test
  void aCertificateWithTheNameIsAccepted() throws Exception {
    int port = secure.getAddress().getPort();
    assertThat(call(LocalHost.client(trusting(), NAME), "https://" + NAME, port))
        .isEqualTo("%s:%d /a%%20b?c=d%%26e".formatted(NAME, port));
  }

  @Test
  void aCertificateWithAnotherNameIsRefused() {
    int port = secure.getAddress().getPort();
    for (var name : List.of("other.invalid", "localhost", "a." + NAME)) {
      assertThatThrownBy(() -> call(LocalHost.client(trusting(), name), "https://" + name, port))
          .as(name)
          .isInstanceOf(SSLHandshakeException.class);
    }
  }

  @Test
  void aProgramWithoutTlsGetsTheName() throws Exception {
    int port = plain.getAddress().getPort();
    assertThat(call(LocalHost.client(), "http://localhost", port))
        .isEqualTo("localhost:%d /a%%20b?c=d%%26e".formatted(port));
  }

  private static String call(HttpClient.Builder builder, String origin, int port)
      throws IOException, InterruptedException {
    var url = URI.create("%s:%d/a%%20b?c=d%%26e".formatted(origin, port));
    try (var client = builder.version(HttpClient.Version.HTTP_1_1).build()) {
      var request = LocalHost.request(url).timeout(Duration.ofSeconds(20)).build();
      return client.send(request, HttpResponse.BodyHandlers.ofString()).body();
    }
  }
}
