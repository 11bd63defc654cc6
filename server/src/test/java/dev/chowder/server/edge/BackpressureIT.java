package dev.chowder.server.edge;

import static org.assertj.core.api.Assertions.assertThat;

import dev.chowder.api.v1.Reason;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** Tests what callers get who exceed their own limits or the server's capacity. */
class BackpressureIT {
  private static final int BURST = 40;
  private static final int CHANGE_COST = 20;
  private static final int SIGN_UPS = 3;
  private static final RawHttp.Request ASK = RawHttp.Request.of("GET", "/v1/organization");

  @RegisterExtension static final WholeServer SERVER = new WholeServer();

  @BeforeAll
  static void limit() throws Exception {
    SERVER.signUp("flood_key", "ok");
    SERVER.signUp("quiet_key", "ok");
    // No call becomes available again during a test.
    SERVER.restart(
        Map.of(
            "chowder.rate.requests-per-second", 1,
            "chowder.rate.burst", BURST,
            "chowder.rate.alone-factor", 1,
            "chowder.rate.sign-ups-per-hour", 1,
            "chowder.rate.sign-up-burst", SIGN_UPS,
            "chowder.effect.max-waiting", 0));
  }

  @Test
  void aCallOverTheLimitGetsRetryAfterAndOtherOrganizationsAreServed() throws IOException {
    var first = SERVER.call("flood_key", ASK);
    assertThat(first.status()).isEqualTo(200);
    assertThat(first.header("x-ratelimit-limit")).contains("" + BURST);
    int left = number(first.header("x-ratelimit-remaining"));
    assertThat(left).isBetween(1, BURST - 1);
    assertThat(number(first.header("x-ratelimit-reset"))).isPositive();

    RawHttp.Answer refused = first;
    for (int n = 0; n < 10 * BURST && refused.status() != 429; n++) {
      refused = SERVER.call("flood_key", ASK);
    }
    check(refused, Reason.RATE_LIMITED);
    assertThat(refused.header("retry-after")).contains("1");
    assertThat(refused.header("x-ratelimit-limit")).contains("" + BURST);
    assertThat(refused.header("x-ratelimit-remaining")).contains("0");
    assertThat(number(refused.header("x-ratelimit-reset"))).isPositive();

    assertThat(SERVER.call("quiet_key", ASK).status()).isEqualTo(200);
  }

  @Test
  void aMutatingCallCountsAsSeveralCalls() throws IOException {
    // The organization has so much less than two changes left that a busy machine does not get a
    // second one.
    for (int n = 0; n < 10; n++) {
      assertThat(SERVER.call("slow_key", ASK).status()).isEqualTo(200);
    }
    int before = number(SERVER.call("slow_key", ASK).header("x-ratelimit-remaining"));
    var change = RawHttp.Request.of("PATCH", "/v1/organization").json("{\"name\":\"slow\"}");
    var changed = SERVER.call("slow_key", change);
    assertThat(changed.status()).isEqualTo(200);
    int after = number(changed.header("x-ratelimit-remaining"));
    // One call becomes available again each second.
    assertThat(before - after).isBetween(CHANGE_COST - 10, CHANGE_COST);
    check(SERVER.call("slow_key", change), Reason.RATE_LIMITED);
    assertThat(SERVER.call("slow_key", ASK).status()).as("a query costs less").isEqualTo(200);
  }

  @Test
  void errorsShowTheRemainingCallsUnlessTheCallHasNoKey() throws IOException {
    var missing = SERVER.call("other_key", RawHttp.Request.of("GET", "/v1/instances/nope"));
    assertThat(missing.status()).isEqualTo(404);
    assertThat(missing.header("x-ratelimit-remaining")).isPresent();
    var unknown = RawHttp.send(SERVER.rest(), ASK.with("Authorization", "Bearer x"));
    assertThat(unknown.status()).isEqualTo(401);
    assertThat(unknown.header("x-ratelimit-remaining")).isEmpty();
  }

  @Test
  void signUpsAreLimitedPerAddressDespiteForgedHeaders() throws IOException {
    var signUp = WholeServer.post("/v1/organization/signup").json("{\"name\":\"me\"}");
    for (int n = 0; n < SIGN_UPS; n++) {
      assertThat(RawHttp.send(SERVER.rest(), signUp).status()).isEqualTo(201);
    }
    for (var header :
        List.of("x-forwarded-for", "x-chowder-client", "x-envoy-external-address", "x-real-ip")) {
      var refused = RawHttp.send(SERVER.rest(), signUp.with(header, "192.0.2.1"));
      check(refused, Reason.RATE_LIMITED);
      assertThat(number(refused.header("retry-after"))).isBetween(3500, 3600);
      assertThat(refused.header("x-ratelimit-remaining")).contains("0");
    }
    // The same Envoy, from another address of this machine.
    try (var socket = new Socket()) {
      socket.bind(new InetSocketAddress(InetAddress.ofLiteral("127.0.0.2"), 0));
      socket.connect(SERVER.rest());
      socket.setSoTimeout(20_000);
      socket.getOutputStream().write(signUp.with("Connection", "close").bytes());
      assertThat(new RawHttp.Exchange(socket).whole().status()).isEqualTo(201);
    }
  }

  @Test
  void aServerWithTooMuchPendingWorkRejectsCreatesAndReleasesTheSlot() throws IOException {
    var before = slots();
    var create =
        WholeServer.post("/v1/instances").json("{\"name\":\"x\",\"model_provider\":\"custom\"}");
    var refused = SERVER.call("quiet_key", create);
    check(refused, Reason.NO_CAPACITY);
    assertThat(refused.header("retry-after")).contains("10");
    assertThat(slots()).isEqualTo(before);
  }

  private static int slots() throws IOException {
    return SERVER.call("quiet_key", ASK).json().get("instance_count").asInt();
  }

  private static int number(Optional<String> header) {
    return Integer.parseInt(header.orElseThrow());
  }

  private static void check(RawHttp.Answer answer, Reason reason) {
    RestErrors.check(answer, reason);
  }
}
