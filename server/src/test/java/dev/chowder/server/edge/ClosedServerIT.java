package dev.chowder.server.edge;

import static org.assertj.core.api.Assertions.assertThat;

import dev.chowder.api.v1.Reason;
import dev.chowder.base.Await;
import java.io.IOException;
import java.util.Map;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** Tests what callers get from a server that is closed for sign-up or has no capacity. */
class ClosedServerIT {
  @RegisterExtension static final WholeServer SERVER = new WholeServer();

  @BeforeAll
  static void close() throws Exception {
    SERVER.restart(
        Map.of(
            "chowder.sign-up-open",
            "no",
            "chowder.sandbox.fake.memory",
            "1 GiB",
            // A frozen gateway would start without further memory.
            "chowder.sleep.check-interval",
            "100ms",
            "chowder.sleep.deep-sleep-delay",
            "0s",
            "chowder.grpc.max-open-calls",
            2,
            "chowder.responses.max-open",
            0));
  }

  @Test
  void signUpIsRejected() throws IOException {
    var signUp = WholeServer.post("/v1/organization/signup").json("{\"name\":\"x\"}");
    check(SERVER.call("", signUp), Reason.SIGN_UP_CLOSED);
  }

  @Test
  void aRejectedCreateGetsRetryAfterAndHoldsNoSlot() throws IOException {
    var create =
        WholeServer.post("/v1/instances").json("{\"name\":\"x\",\"model_provider\":\"custom\"}");
    var slots = slots();
    var answer = SERVER.call("key", create);
    check(answer, Reason.NO_CAPACITY);
    assertThat(answer.header("retry-after")).isPresent();
    assertThat(slots()).isEqualTo(slots);
  }

  @Test
  void aRejectedStartGetsRetryAfter() throws Exception {
    var stopped = "/v1/instances/" + SERVER.world().get("stopped");
    Await.until(
        Await.LIMIT,
        () ->
            SERVER
                .call("key", RawHttp.Request.of("GET", stopped))
                .json()
                .get("sleep_level")
                .asText()
                .equals("off"),
        () -> "sleeps still");
    var start = WholeServer.post(stopped + "/start");
    check(SERVER.call("key", start), Reason.NO_CAPACITY);
  }

  @Test
  void aMessageOverTheLimitIsRejected() throws IOException {
    var message =
        WholeServer.post("/v1/instances/" + SERVER.world().get("running") + "/responses")
            .json("{\"input\":\"x\"}");
    check(SERVER.call("key", message), Reason.RATE_LIMITED);
  }

  @Test
  void aCallOverTheLimitIsRejectedUntilAnotherEnds() throws IOException {
    try (var first = watch("running");
        var second = watch("stopped")) {
      assertThat(first.head().status()).isEqualTo(200);
      assertThat(second.head().status()).isEqualTo(200);
      var refused = SERVER.call("key", RawHttp.Request.of("GET", "/v1/instances"));
      check(refused, Reason.NO_CAPACITY);
      assertThat(refused.header("retry-after")).contains("1");
    }
    // Each call ends shortly after its connection.
    long deadline = System.nanoTime() + 10_000_000_000L;
    RawHttp.Answer answer;
    do {
      answer = SERVER.call("key", RawHttp.Request.of("GET", "/v1/instances"));
    } while (answer.status() == 503 && System.nanoTime() < deadline);
    assertThat(answer.status()).isEqualTo(200);
  }

  private static RawHttp.Exchange watch(String instance) throws IOException {
    var watch =
        RawHttp.Request.of("GET", "/v1/instances/" + SERVER.world().get(instance) + "/watch")
            .with("Authorization", "Bearer " + SERVER.world().get("key"));
    return RawHttp.open(SERVER.rest(), watch);
  }

  private static int slots() throws IOException {
    return SERVER
        .call("key", RawHttp.Request.of("GET", "/v1/organization"))
        .json()
        .get("instance_count")
        .asInt();
  }

  private static void check(RawHttp.Answer answer, Reason reason) {
    RestErrors.check(answer, reason);
  }
}
