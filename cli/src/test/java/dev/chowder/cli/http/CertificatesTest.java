package dev.chowder.cli.http;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import com.sun.net.httpserver.HttpsConfigurator;
import com.sun.net.httpserver.HttpsServer;
import dev.chowder.cli.context.Context;
import dev.chowder.cli.context.Key;
import dev.chowder.cli.failure.CommandException;
import dev.chowder.cli.failure.ExitCode;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyStore;
import java.util.ArrayList;
import java.util.List;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Tests TLS against a server with a certificate of its own. */
@Timeout(60)
class CertificatesTest {
  private static final char[] STORE_CODE = "changeit".toCharArray();

  @TempDir static Path folder;
  private static HttpsServer server;

  @BeforeAll
  static void start() throws Exception {
    var store = folder.resolve("keys.p12");
    keytool(
        "-genkeypair",
        "-keyalg",
        "EC",
        "-dname",
        "CN=localhost",
        "-ext",
        "san=dns:localhost",
        "-keystore",
        store.toString());
    keytool("-exportcert", "-rfc", "-keystore", store.toString(), "-file", ca().toString());
    var keys = KeyStore.getInstance(store.toFile(), STORE_CODE);
    var managers = KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm());
    managers.init(keys, STORE_CODE);
    var tls = SSLContext.getInstance("TLS");
    tls.init(managers.getKeyManagers(), null, null);
    server = HttpsServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    server.setHttpsConfigurator(new HttpsConfigurator(tls));
    server.createContext(
        "/",
        exchange -> {
          exchange.sendResponseHeaders(200, 2);
          exchange.getResponseBody().write(new byte[] {'{', '}'});
          exchange.close();
        });
    server.start();
  }

  @AfterAll
  static void stop() {
    server.stop(0);
  }

  @Test
  void aServerIsTrustedByItsCa() {
    assertThat(call("localhost", ca())).isEqualTo("{}");
  }

  @Test
  void anUnknownCaIsNotTrusted() {
    assertThatExceptionOfType(CommandException.class)
        .isThrownBy(() -> call("localhost", null))
        .withMessageContaining("--ca")
        .satisfies(failure -> assertThat(failure.code()).isEqualTo(ExitCode.UNAVAILABLE));
  }

  @Test
  void theCertificateMustNameTheHost() {
    assertThatExceptionOfType(CommandException.class)
        .isThrownBy(() -> call("127.0.0.1", ca()))
        .satisfies(failure -> assertThat(failure.code()).isEqualTo(ExitCode.UNAVAILABLE));
  }

  @Test
  void aFileWithoutACertificateIsRefused() throws IOException {
    var empty = Files.writeString(folder.resolve("empty.pem"), "");
    var damaged = Files.writeString(folder.resolve("damaged.pem"), "-----BEGIN CERTIFICATE-----");
    for (var file : List.of(empty, damaged, folder.resolve("missing.pem"))) {
      assertThatExceptionOfType(CommandException.class)
          .isThrownBy(() -> call("localhost", file))
          .satisfies(failure -> assertThat(failure.code()).isEqualTo(ExitCode.USAGE));
    }
  }

  private static String call(String host, @Nullable Path ca) {
    var url = URI.create("https://%s:%d".formatted(host, server.getAddress().getPort()));
    var context = Context.named("test", url, Key.of("k", "test"), ca);
    return new Api(context, _ -> {}, _ -> {}).send(Call.get("/v1/instances")).json();
  }

  private static Path ca() {
    return folder.resolve("ca.pem");
  }

  private static void keytool(String... arguments) throws Exception {
    var command = new ArrayList<String>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "keytool").toString());
    command.addAll(List.of(arguments));
    command.addAll(List.of("-alias", "server", "-storepass", new String(STORE_CODE)));
    var process = new ProcessBuilder(command).redirectErrorStream(true).start();
    var said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertThat(process.waitFor()).as(said).isZero();
  }
}
