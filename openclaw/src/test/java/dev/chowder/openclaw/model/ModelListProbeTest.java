package dev.chowder.openclaw.model;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.net.httpserver.Headers;
import com.sun.net.httpserver.HttpServer;
import dev.chowder.openclaw.model.ModelListProbe.Result;
import dev.chowder.secret.Secret;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.UnknownHostException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicInteger;
import org.apache.hc.client5.http.DnsResolver;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ModelListProbeTest {
  private static final ModelHosts HERE = new ModelHosts(Set.of("127.0.0.1"));
  private static final Duration LIMIT = Duration.ofSeconds(20);
  private final ModelListProbe probe = new ModelListProbe(HERE, LIMIT, Duration.ZERO);
  private final CountDownLatch hold = new CountDownLatch(1);
  private HttpServer provider;
  private volatile int status = 200;
  private volatile String body = "{\"data\": []}";
  private volatile String calledPath = "";
  private volatile Headers headers = new Headers();
  private volatile boolean silent;

  @BeforeEach
  void start() throws Exception {
    provider = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    provider.setExecutor(Executors.newVirtualThreadPerTaskExecutor());
    provider.createContext(
        "/",
        exchange -> {
          calledPath = exchange.getRequestURI().toString();
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
  void eachProviderGetsItsOwnUrlAndTheKeyInAHeader(
      String name, String path, String api, String url, String header, String value)
      throws Exception {
    assertThat(probe.tryKey(setup(name, path, api))).isInstanceOf(Result.Accepted.class);
    assertThat(calledPath).isEqualTo(url);
    assertThat(headers.getFirst(header)).isEqualTo(value);
  }

  @Test
  void anEndpointWithoutAKeyIsCalledWithoutOne() throws Exception {
    var setup = new ModelSetup("custom", "m", base("/v1"), "", Optional.empty());
    assertThat(probe.tryKey(setup)).isInstanceOf(Result.Accepted.class);
    assertThat(headers.containsKey("authorization")).isFalse();
  }

  @ParameterizedTest
  @CsvSource({"401", "403"})
  void aRejectedKeyIsReported(int rejected) throws Exception {
    status = rejected;
    assertThat(probe.tryKey(setup("openai", "/v1", ""))).isEqualTo(new Result.KeyRefused(rejected));
  }

  @Test
  void aKeyThatGeminiRejectsWith400IsReported() throws Exception {
    status = 400;
    body = "{\"error\": {\"code\": 400, \"details\": [{\"reason\": \"API_KEY_INVALID\"}]}}";
    assertThat(probe.tryKey(setup("gemini", "/v1beta", ""))).isEqualTo(new Result.KeyRefused(400));
    body = "{\"error\": {\"code\": 400, \"details\": [{\"reason\": \"OTHER\"}]}}";
    assertThat(probe.tryKey(setup("gemini", "/v1beta", ""))).isInstanceOf(Result.Unknown.class);
  }

  @ParameterizedTest
  @CsvSource({"404", "429", "500", "302"})
  void otherStatusesDoNotDecideAboutTheKey(int other) throws Exception {
    status = other;
    assertThat(note(probe.tryKey(setup("custom", "/v1", ""))))
        .contains("127.0.0.1", Integer.toString(other));
    assertThat(calledPath).isEqualTo("/v1/models");
  }

  @Test
  void onlyAnAcceptedKeyIsCached() throws Exception {
    var caching = new ModelListProbe(HERE, LIMIT, Duration.ofHours(1));
    status = 401;
    assertThat(caching.tryKey(setup("custom", "/v1", ""))).isEqualTo(new Result.KeyRefused(401));
    status = 200;
    assertThat(caching.tryKey(setup("custom", "/v1", ""))).isEqualTo(new Result.Accepted());
    status = 401;
    assertThat(caching.tryKey(setup("custom", "/v1", ""))).isEqualTo(new Result.Accepted());
    var same = setup("custom", "/v1", "");
    var another =
        new ModelSetup("custom", "m", same.baseUrl(), "", Optional.of(Secret.of("another")));
    assertThat(caching.tryKey(another)).isEqualTo(new Result.KeyRefused(401));
    assertThat(probe.tryKey(setup("custom", "/v1", ""))).isEqualTo(new Result.KeyRefused(401));
  }

  @Test
  void aProviderThatDoesNotRespondIsUnknownAndTheNoteHasNoKey() throws Exception {
    silent = true;
    var withShortLimit = new ModelListProbe(HERE, Duration.ofMillis(200), Duration.ZERO);
    assertThat(note(withShortLimit.tryKey(setup("custom", "/v1", ""))))
        .contains("127.0.0.1")
        .doesNotContain("the-key");
    // The port is bound, so that no other process listens on it.
    try (var closed = new Socket()) {
      closed.bind(new InetSocketAddress(loopback(), 0));
      var url = "http://127.0.0.1:" + closed.getLocalPort();
      var unreachable = new ModelSetup("custom", "m", url, "", Optional.of(Secret.of("the-key")));
      assertThat(probe.tryKey(unreachable)).isInstanceOf(Result.Unknown.class);
    }
  }

  @Test
  void aKeyThatIsNoHeaderValueIsUnknown() throws Exception {
    var setup =
        new ModelSetup("custom", "m", base("/v1"), "", Optional.of(Secret.of("a\r\nx: evil")));
    assertThat(probe.tryKey(setup)).isInstanceOf(Result.Unknown.class);
  }

  @Test
  void aNameThatResolvesToThisMachineIsNotCalled() throws Exception {
    for (var host : List.of("127.0.0.1", "models.example", "models.internal.example")) {
      var result = named(ModelHosts.PUBLIC, loopback()).tryKey(at(host));
      assertThat(note(result)).contains(host, "private address");
    }
    assertThat(calledPath).isEmpty();
  }

  @Test
  void aNameThatTheOperatorAllowsIsCalled() throws Exception {
    var allowed = new ModelHosts(Set.of("models.example"));
    assertThat(named(allowed, loopback()).tryKey(at("models.example")))
        .isInstanceOf(Result.Accepted.class);
    assertThat(headers.getFirst("host")).isEqualTo("models.example:" + port());
  }

  @Test
  void localhostIsThisMachineOnly() throws Exception {
    assertThat(named(ModelHosts.PUBLIC, loopback()).tryKey(at("localhost")))
        .isInstanceOf(Result.Accepted.class);
    var elsewhere = InetAddress.getByName("10.0.0.1");
    assertThat(named(ModelHosts.PUBLIC, elsewhere).tryKey(at("localhost")).toString())
        .contains("private");
  }

  @Test
  void aNameIsResolvedOnceAndTheCheckedAddressIsCalled() throws Exception {
    var queries = new AtomicInteger();
    // The first query returns a public address, and later ones this machine.
    var rebinding =
        new Names(
            () ->
                queries.getAndIncrement() == 0 ? InetAddress.getByName("192.88.99.2") : loopback());
    var probe =
        new ModelListProbe(ModelHosts.PUBLIC, Duration.ofSeconds(10), Duration.ZERO, rebinding);
    assertThat(probe.tryKey(at("rebinding.example"))).isInstanceOf(Result.Unknown.class);
    assertThat(queries).hasValue(1);
    assertThat(calledPath).isEmpty();
  }

  private record Names(Callable<InetAddress> answer) implements DnsResolver {
    @Override
    public InetAddress[] resolve(String host) throws UnknownHostException {
      try {
        return new InetAddress[] {answer.call()};
      } catch (Exception e) {
        throw new UnknownHostException(host);
      }
    }

    @Override
    public String resolveCanonicalHostname(String host) {
      return host;
    }
  }

  private static ModelListProbe named(ModelHosts hosts, InetAddress address) {
    return new ModelListProbe(hosts, LIMIT, Duration.ZERO, new Names(() -> address));
  }

  private static String note(Result result) {
    return ((Result.Unknown) result).note();
  }

  private static InetAddress loopback() {
    return InetAddress.getLoopbackAddress();
  }

  private ModelSetup at(String host) {
    var url = "http://" + host + ":" + port() + "/v1";
    return new ModelSetup("custom", "m", url, "", Optional.of(Secret.of("the-key")));
  }

  private int port() {
    return provider.getAddress().getPort();
  }

  private ModelSetup setup(String name, String path, String api) {
    return new ModelSetup(name, "m", base(path), api, Optional.of(Secret.of("the-key")));
  }

  private String base(String path) {
    return "http://127.0.0.1:" + provider.getAddress().getPort() + path;
  }
}
