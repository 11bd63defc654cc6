package dev.chowder.server.edge;

import static dev.chowder.server.operator.OperatorCalls.request;
import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.ByteString;
import dev.chowder.api.v1.Reason;
import dev.chowder.server.subscription.SignedEvent;
import dev.chowder.server.subscription.StripeMock;
import dev.chowder.server.subscription.StubStripe;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Instant;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;

/** Tests subscriptions over REST, through Envoy and the complete server to Stripe's stripe-mock. */
class StripeIT {
  private static final long START = Instant.parse("2026-03-01T00:00:00Z").getEpochSecond();

  @RegisterExtension static final WholeServer SERVER = new WholeServer();
  @TempDir static Path folder;
  private static StripeMock stripe;

  @BeforeAll
  static void sell() throws Exception {
    stripe = StripeMock.start(folder.resolve("stripe-mock.log"));
    SERVER.restart(StubStripe.settings(folder, stripe.apiBase()));
  }

  @AfterAll
  static void close() {
    stripe.close();
  }

  @Test
  void aTierIsBoughtAndCancelled() throws IOException {
    SERVER.signUp("buyer", "ok");
    var organization = SERVER.world().get("buyer_organization");
    var checkout =
        SERVER.call(
            "buyer", WholeServer.post("/v1/subscription/checkout").json("{\"tier\":\"lobster\"}"));
    assertThat(checkout.status()).as(checkout.toString()).isEqualTo(200);
    assertThat(checkout.json().get("url").asText()).startsWith("https://checkout.stripe.com/");
    assertThat(stripe.log()).contains("client_reference_id:" + organization);
    var customer = subscription("buyer").body();
    assertThat(customer).contains("\"stripe_customer_id\":\"cus_").contains("\"shrimp\"");
    var customerId = subscription("buyer").json().get("stripe_customer_id").asText();
    assertThat(
            send(SignedEvent.completed("evt_1", START, organization, customerId, "sub_1")).status())
        .isEqualTo(200);
    var bought = subscription("buyer").json();
    assertThat(bought.get("tier").asText()).isEqualTo("lobster");
    assertThat(bought.get("instance_limit").asInt()).isEqualTo(500);
    assertThat(bought.get("instance_count").asInt()).isZero();
    assertThat(bought.get("stripe_subscription_id").asText()).isEqualTo("sub_1");
    var portal = SERVER.call("buyer", WholeServer.post("/v1/subscription/portal"));
    assertThat(portal.status()).as(portal.toString()).isEqualTo(200);
    assertThat(portal.json().get("url").asText()).startsWith("https://");
    var ended =
        send(
            SignedEvent.subscription(
                "evt_2",
                "deleted",
                START + 10,
                organization,
                customerId,
                "sub_1",
                "canceled",
                SignedEvent.LOBSTER));
    assertThat(ended.body()).isEqualTo("{}");
    assertThat(subscription("buyer").json().has("stripe_subscription_id")).isFalse();
    assertThat(subscription("buyer").json().get("tier").asText()).isEqualTo("shrimp");
  }

  @Test
  void aSubscriptionIsCancelledForAnOrganizationThatIsDeleted() throws IOException {
    SERVER.signUp("leaver", "ok");
    var organization = SERVER.world().get("leaver_organization");
    var checkout = WholeServer.post("/v1/subscription/checkout").json("{\"tier\":\"crab\"}");
    assertThat(SERVER.call("leaver", checkout).status()).isEqualTo(200);
    var customerId = subscription("leaver").json().get("stripe_customer_id").asText();
    var bought = SignedEvent.completed("evt_9", START, organization, customerId, "sub_9");
    assertThat(send(bought).status()).isEqualTo(200);
    var deleted =
        SERVER.operator(
            "DeleteOrganization", request("organization_id", organization, "name", "leaver"), 200);
    assertThat(deleted.path("standing").asText()).isEqualTo("deleted");
    assertThat(stripe.log()).contains("DELETE /v1/subscriptions/sub_9");
  }

  @Test
  void aWhaleHasNoLimit() throws IOException {
    var whale = subscription("key").json();
    assertThat(whale.get("tier").asText()).isEqualTo("whale");
    assertThat(whale.has("instance_limit")).isFalse();
    assertThat(whale.has("stripe_customer_id")).isFalse();
  }

  @Test
  void aCheckoutWithAnIdempotencyKeyIsCreatedOnce() throws IOException {
    var request =
        WholeServer.post("/v1/subscription/checkout")
            .json("{\"tier\":\"crab\"}")
            .with("Idempotency-Key", "one");
    var first = SERVER.call("other_key", request);
    assertThat(first.status()).as(first.toString()).isEqualTo(200);
    var asked = stripe.log().lines().filter(line -> line.contains("POST /v1/checkout")).count();
    assertThat(SERVER.call("other_key", request).body()).isEqualTo(first.body());
    assertThat(stripe.log().lines().filter(line -> line.contains("POST /v1/checkout")).count())
        .isEqualTo(asked);
  }

  /**
   * Every signed byte arrives: spaces, escapes, and numbers that a JSON library would write
   * differently.
   */
  @Test
  void signedBodiesArriveByteForByte() throws IOException {
    var odd =
        "{ \"id\" : \"evt_\\u0031\",\r\n\t\"type\":\"ping\", \"created\":1.7720e9, \"z\":1.0, \"\u00e9\":\"\ud83e\udd90\"}\n";
    assertThat(send(odd).status()).isEqualTo(200);
  }

  @Test
  void unsignedEventsAreRejectedThroughEnvoy() throws IOException {
    var body = SignedEvent.event("evt_1", "ping", START, "{}");
    var signed = SignedEvent.of(body);
    check(post(signed), 200);
    check(event(body), Reason.SIGNATURE_INVALID);
    check(post(new SignedEvent(body + " ", signed.signature())), Reason.SIGNATURE_INVALID);
    check(
        post(SignedEvent.of(body, Instant.now().minusSeconds(301), SignedEvent.SIGNED_WITH)),
        Reason.SIGNATURE_INVALID);
    check(post(SignedEvent.of(body, Instant.now(), "whsec_of_another")), Reason.SIGNATURE_INVALID);
  }

  @Test
  void anEventOverTheLimitIsRejected() throws IOException {
    check(post(SignedEvent.of("{\"id\":\"" + "x".repeat(10_000) + "\"}")), Reason.TOO_LARGE);
  }

  private static RawHttp.Answer subscription(String key) throws IOException {
    var answer = SERVER.call(key, RawHttp.Request.of("GET", "/v1/subscription"));
    assertThat(answer.status()).as(answer.toString()).isEqualTo(200);
    return answer;
  }

  private static RawHttp.Answer send(String body) throws IOException {
    var answer = SERVER.call("", post(SignedEvent.of(body)));
    assertThat(answer.status()).as(answer.toString()).isEqualTo(200);
    return answer;
  }

  private static RawHttp.Request event(String body) {
    return new RawHttp.Request(
            "POST",
            "/v1/webhooks/stripe",
            WholeServer.post("/").headers(),
            ByteString.copyFromUtf8(body))
        .with("Content-Type", "application/json; charset=utf-8");
  }

  private static RawHttp.Request post(SignedEvent event) {
    return event(event.body()).with("Stripe-Signature", event.signature());
  }

  private static void check(RawHttp.Request request, int status) throws IOException {
    var answer = SERVER.call("", request);
    assertThat(answer.status()).as(answer.toString()).isEqualTo(status);
  }

  private static void check(RawHttp.Request request, Reason reason) throws IOException {
    RestErrors.check(SERVER.call("", request), reason);
  }
}
