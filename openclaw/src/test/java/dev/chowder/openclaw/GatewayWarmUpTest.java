package dev.chowder.openclaw;

import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.sun.net.httpserver.HttpServer;
import com.typesafe.config.ConfigFactory;
import dev.chowder.openclaw.GatewayConversations.UnansweredException;
import dev.chowder.sandbox.SandboxEndpoint;
import dev.chowder.secret.Secret;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.http.HttpClient;
import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Tests warm-up turns whose responses do not end as they should. */
@Timeout(60)
class GatewayWarmUpTest {
  private static final Duration LONG = Duration.ofSeconds(50);
  private static final int MAX_BYTES = 1000;

  private final HttpClient http = HttpClient.newHttpClient();
  private final ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();
  private final CountDownLatch ended = new CountDownLatch(1);
  private HttpServer gateway;

  /** Writes the body of the response to a turn. */
  private interface Body {
    void writeTo(OutputStream out) throws Exception;
  }

  @BeforeEach
  void start() throws Exception {
    gateway = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    gateway.setExecutor(threads);
    gateway.start();
  }

  @AfterEach
  void stop() {
    ended.countDown();
    http.shutdownNow();
    gateway.stop(0);
    threads.shutdownNow();
  }

  @Test
  void aTurnWhoseResponseBeginsAndDoesNotEndMayStillRun() {
    assertThatATurnMayStillRun(
        Duration.ofMillis(500),
        out -> {
          out.write('{');
          out.flush();
          ended.await();
        },
        "no response within");
  }

  @Test
  void aTurnWhoseResponseIsTooLargeMayStillRun() {
    assertThatATurnMayStillRun(
        LONG,
        out -> {
          while (ended.getCount() > 0) out.write(new byte[MAX_BYTES]);
        },
        "capacity");
  }

  private void assertThatATurnMayStillRun(Duration limit, Body body, String why) {
    gateway.createContext(
        "/v1/responses",
        exchange -> {
          exchange.sendResponseHeaders(200, 0);
          try (var out = exchange.getResponseBody()) {
            body.writeTo(out);
          } catch (Exception cancelled) {
            Thread.currentThread().interrupt();
          }
        });
    var responses = new GatewayResponses(OpenClawSettings.of(ConfigFactory.load()).responses());
    var admin = new OpenClawAdmin(http, LONG, responses);
    var conversations = new GatewayConversations(http, admin, LONG, responses);
    var device = GatewayDevice.of(GatewayDevice.create());
    var warmUp =
        new GatewayWarmUp(http, conversations, _ -> device, MAX_BYTES, limit, Duration.ZERO);
    var at = new SandboxEndpoint("127.0.0.1", gateway.getAddress().getPort());
    assertThatThrownBy(() -> warmUp.warm("an-id", at, Secret.of("the-token")))
        .isInstanceOf(UnansweredException.class)
        .hasMessageContainingAll("a turn may still run", why);
  }
}
