package dev.chowder.openclaw;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.sun.net.httpserver.Headers;
import com.sun.net.httpserver.HttpServer;
import dev.chowder.openclaw.ModelListProbe.Finding;
import dev.chowder.secret.Secret;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.http.HttpClient;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executors;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ModelListProbeTest {
  private final HttpClient http = HttpClient.newHttpClient();
  private final ModelListProbe probe = new ModelListProbe(http, Duration.ofSeconds(5));
  private final CountDownLatch hold = new CountDownLatch(1);
  private HttpServer provider;
  private volatile int status = 200;
  private volatile String body = "{\"data\": []}";
  private volatile String asked = "";
  private volatile Headers headers = new Headers();
  private volatile boolean silent;

  @BeforeEach
  void start() throws Exception {
    provider = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    provider.setExecutor(Executors.newVirtualThreadPerTaskExecutor());
    provider.createContext(
        "/",
        exchange -> {
          asked = exchange.getRequestURI().toString();
          headers = exchange.getRequestHeaders();
          if (silent) {
            try {
              hold.await();
            } catch (InterruptedException e) {
              Thread.currentThread().interrupt();
            }
          }
          var bytes = body.getBytes(StandardCharsets.UTF_8);
          exchange.getResponseHeaders().add("location", "/elsewhere");
          exchange.sendResponseHeaders(status, bytes.length);
          exchange.getResponseBody().write(bytes);
          exchange.close();
        });
    provider.start();
  }

  @AfterEach
  void stop() {
    hold.countDown();
    provider.stop(0);
    http.close();
  }

  @ParameterizedTest
  @CsvSource({
    "anthropic, '', '', /v1/models, x-api-key, the-key",
    "anthropic, /v1, '', /v1/models, x-api-key, the-key",
    "openai, /v1, '', /v1/models, authorization, Bearer the-key",
    "gemini, /v1beta, '', /v1beta/models, x-goog-api-key, the-key",
    "custom, /v1/, '', /v1/models, authorization, Bearer the-key",
    "custom, /x, anthropic-messages, /x/v1/models, x-api-key, the-key",
  })
  void eachProviderIsAskedInItsOwnWayAndTheKeyIsNeverInTheUrl(
      String name, String path, String api, String url, String header, String value)
      throws Exception {
    assertThat(probe.tryKey(setup(name, path, api))).isInstanceOf(Finding.Accepted.class);
    assertThat(asked).isEqualTo(url);
    assertThat(headers.getFirst(header)).isEqualTo(value);
  }

  @Test
  void anEndpointWithoutAKeyIsAskedWithoutOne() throws Exception {
    var setup = new ModelSetup("custom", "m", base("/v1"), "", Optional.empty());
    assertThat(probe.tryKey(setup)).isInstanceOf(Finding.Accepted.class);
    assertThat(headers.containsKey("authorization")).isFalse();
  }

  @ParameterizedTest
  @CsvSource({"401", "403"})
  void aRefusedKeyIsToldAsSuch(int refused) throws Exception {
    status = refused;
    assertThat(probe.tryKey(setup("openai", "/v1", ""))).isEqualTo(new Finding.KeyRefused(refused));
  }

  @Test
  void geminisWayToRefuseAKeyIsKnown() throws Exception {
    status = 400;
    body = "{\"error\": {\"code\": 400, \"details\": [{\"reason\": \"API_KEY_INVALID\"}]}}";
    assertThat(probe.tryKey(setup("gemini", "/v1beta", ""))).isEqualTo(new Finding.KeyRefused(400));
    body = "{\"error\": {\"code\": 400, \"details\": [{\"reason\": \"OTHER\"}]}}";
    assertThat(probe.tryKey(setup("gemini", "/v1beta", ""))).isInstanceOf(Finding.Unknown.class);
  }

  @ParameterizedTest
  @CsvSource({"404", "429", "500", "302"})
  void anythingElseSaysNothingAboutTheKey(int other) throws Exception {
    status = other;
    assertThat(probe.tryKey(setup("custom", "/v1", "")))
        .isEqualTo(new Finding.Unknown("127.0.0.1 answered " + other + " for its list of models"));
    assertThat(asked).isEqualTo("/v1/models");
  }

  @Test
  void aProviderThatIsSilentOrAwayIsUnknownAndTheNoteHoldsNoKey() throws Exception {
    silent = true;
    var impatient = new ModelListProbe(http, Duration.ofMillis(200));
    assertThat(((Finding.Unknown) impatient.tryKey(setup("custom", "/v1", ""))).note())
        .startsWith("127.0.0.1: ")
        .doesNotContain("the-key");
    int free;
    try (var socket = new ServerSocket(0)) {
      free = socket.getLocalPort();
    }
    var nobody =
        new ModelSetup(
            "custom", "m", "http://127.0.0.1:" + free, "", Optional.of(Secret.of("the-key")));
    assertThat(probe.tryKey(nobody)).isEqualTo(new Finding.Unknown("127.0.0.1: no connection"));
  }

  @Test
  void aKeyThatNoHeaderCanCarryIsNoCrash() throws Exception {
    var setup =
        new ModelSetup("custom", "m", base("/v1"), "", Optional.of(Secret.of("a\r\nx: evil")));
    assertThat(probe.tryKey(setup)).isInstanceOf(Finding.Unknown.class);
  }

  @Test
  void aClientThatFollowsRedirectsIsNotTaken() {
    try (var following =
        HttpClient.newBuilder().followRedirects(HttpClient.Redirect.NORMAL).build()) {
      assertThatThrownBy(() -> new ModelListProbe(following, Duration.ofSeconds(1)))
          .isInstanceOf(IllegalArgumentException.class);
    }
  }

  private ModelSetup setup(String name, String path, String api) {
    return new ModelSetup(name, "m", base(path), api, Optional.of(Secret.of("the-key")));
  }

  private String base(String path) {
    return "http://127.0.0.1:" + provider.getAddress().getPort() + path;
  }
}
