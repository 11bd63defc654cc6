package dev.chowder.server.gateway;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.net.httpserver.HttpServer;
import com.typesafe.config.ConfigFactory;
import dev.chowder.openclaw.GatewayResponses;
import dev.chowder.openclaw.OpenClawAdmin;
import dev.chowder.openclaw.OpenClawSettings;
import dev.chowder.secret.Secret;
import dev.chowder.server.gateway.GatewayDirectory.Lookup;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.http.HttpClient;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class ControlUiApprovalTest {
  private static final OpenClawSettings SETTINGS =
      new OpenClawSettings(
          Duration.ofSeconds(30),
          Duration.ofSeconds(30),
          Duration.ofSeconds(30),
          Duration.ofSeconds(20),
          1,
          Duration.ofSeconds(30),
          Duration.ofSeconds(30),
          Duration.ofSeconds(30),
          OpenClawSettings.of(ConfigFactory.load()).responses(),
          new OpenClawSettings.Sessions(1, 1, 1, Duration.ofSeconds(30), 1),
          new OpenClawSettings.Channels(
              Duration.ofSeconds(30),
              Duration.ofSeconds(30),
              Duration.ofSeconds(30),
              Duration.ofMillis(10),
              Duration.ofSeconds(30),
              Duration.ofSeconds(1),
              Duration.ofSeconds(30),
              1));

  private final HttpClient http = HttpClient.newHttpClient();
  private final OpenClawAdmin admin =
      new OpenClawAdmin(http, Duration.ofSeconds(30), new GatewayResponses(SETTINGS.responses()));
  private final AtomicInteger lists = new AtomicInteger();
  private final CountDownLatch listedTwice = new CountDownLatch(2);
  private final CountDownLatch approved = new CountDownLatch(1);
  private HttpServer gateway;
  private volatile boolean browserWaits;

  @BeforeEach
  void start() throws IOException {
    gateway = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    gateway.createContext(
        "/api/v1/admin/rpc",
        exchange -> {
          var call = new String(exchange.getRequestBody().readAllBytes(), StandardCharsets.UTF_8);
          if (call.contains("device.pair.approve")) {
            approved.countDown();
          } else {
            lists.incrementAndGet();
            listedTwice.countDown();
          }
          var waiting =
              "{\"requestId\":\"r\",\"clientId\":\"openclaw-control-ui\",\"role\":\"operator\"}";
          var answer =
              "{\"ok\":true,\"payload\":{\"pending\":[" + (browserWaits ? waiting : "") + "]}}";
          var bytes = answer.getBytes(StandardCharsets.UTF_8);
          exchange.sendResponseHeaders(200, bytes.length);
          exchange.getResponseBody().write(bytes);
          exchange.close();
        });
    gateway.start();
  }

  @AfterEach
  void stop() {
    gateway.stop(0);
    http.close();
  }

  @Test
  void aBrowserThatWaitsAfterItsConnectionOpenedIsApproved() throws Exception {
    try (var admission = new ControlUiApproval((_, _) -> running(), admin, SETTINGS)) {
      admission.onOpening("i");
      assertThat(listedTwice.await(30, TimeUnit.SECONDS)).isTrue();
      browserWaits = true;
      assertThat(approved.await(30, TimeUnit.SECONDS)).isTrue();
    }
  }

  @Test
  void noDeviceIsApprovedWithoutAnOpenControlUi() throws Exception {
    browserWaits = true;
    try (var admission = new ControlUiApproval((_, _) -> running(), admin, SETTINGS)) {
      assertThat(approved.await(500, TimeUnit.MILLISECONDS)).isFalse();
      admission.onOpening("i");
      assertThat(approved.await(30, TimeUnit.SECONDS)).isTrue();
    }
  }

  @Test
  void aStoppedInstanceIsNotQueriedAndItsPermitIsReleased() throws Exception {
    var looked = new CountDownLatch(1);
    browserWaits = true;
    GatewayDirectory directory =
        (_, id) -> {
          if (id.equals("i")) return running();
          looked.countDown();
          return new Lookup.WrongState("stopped", "stopped");
        };
    try (var admission = new ControlUiApproval(directory, admin, SETTINGS)) {
      admission.onOpening("stopped");
      assertThat(looked.await(30, TimeUnit.SECONDS)).isTrue();
      assertThat(lists).hasValue(0);
      // There is one permit, which is free a moment after the lookup; browsers ask again.
      for (int tried = 0; tried < 200 && approved.getCount() > 0; tried++) {
        admission.onOpening("i");
        if (approved.await(50, TimeUnit.MILLISECONDS)) break;
      }
      assertThat(approved.getCount()).isZero();
    }
  }

  private Lookup running() {
    return new Lookup.Target(gateway.getAddress(), Secret.of("the-token"));
  }
}
