package dev.chowder.server.edge;

import static org.assertj.core.api.Assertions.assertThat;

import dev.chowder.api.v1.Reason;
import dev.chowder.base.Await;
import dev.chowder.base.Ids;
import java.io.IOException;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** Tests that the requests of one gateway cannot take those of all gateways in Envoy. */
class EnvoyOpenRequestsIT {
  @RegisterExtension
  static final EdgeWithEnvoy EDGE =
      new EdgeWithEnvoy(Map.of(), Map.of("chowder.gateway.max-open-requests", 2));

  private final String id = Ids.next();
  private final String otherId = Ids.next();
  private final CountDownLatch hold = new CountDownLatch(1);
  private StubGateway gateway;
  private StubGateway other;

  @BeforeEach
  void twoInstances() throws IOException {
    gateway = new StubGateway();
    other = new StubGateway();
    EDGE.edge().place(id, gateway.address());
    EDGE.edge().place(otherId, other.address());
    gateway.behave(
        exchange -> {
          try {
            if (exchange.getRequestURI().getPath().equals("/slow")) hold.await();
          } catch (InterruptedException closing) {
            Thread.currentThread().interrupt();
          }
          StubGateway.reply(exchange, 200, "application/json", "{}");
        });
  }

  @AfterEach
  void close() {
    hold.countDown();
    gateway.close();
    other.close();
  }

  @Test
  @SuppressWarnings("try") // Closing early is what is tested.
  void aGatewayWithTooManyOpenRequestsRejectsFurtherOnes() throws Exception {
    try (var first = slow();
        var second = slow()) {
      gateway.next();
      gateway.next();
      var rejected = get(id);
      RestErrors.check(rejected, Reason.RATE_LIMITED);
      assertThat(rejected.header("retry-after")).isPresent();
      assertThat(gateway.seen).isEmpty();
      assertThat(get(otherId).status()).isEqualTo(200);
      // The end of a request is noticed when Envoy ends it.
      first.close();
      Await.until(() -> get(id).status() == 200);
      assertThat(second.isClosed()).isFalse();
    }
  }

  @Test
  void requestsThatEndedDoNotCount() throws Exception {
    for (int n = 0; n < 10; n++) assertThat(get(id).status()).isEqualTo(200);
  }

  /** Sends a request that the gateway does not respond to. */
  private Socket slow() throws IOException {
    var socket = new Socket(EDGE.rest().getAddress(), EDGE.rest().getPort());
    socket
        .getOutputStream()
        .write(
            ("GET /slow HTTP/1.1\r\nHost: " + id + ".localhost\r\n\r\n")
                .getBytes(StandardCharsets.US_ASCII));
    return socket;
  }

  private static RawHttp.Answer get(String instance) throws IOException {
    return RawHttp.send(
        EDGE.rest(), RawHttp.Request.of("GET", "/").with("Host", instance + ".localhost"));
  }
}
