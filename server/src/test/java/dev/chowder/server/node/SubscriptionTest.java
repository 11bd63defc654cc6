package dev.chowder.server.node;

import static dev.chowder.server.subscription.SignedEvent.CRAB;
import static dev.chowder.server.subscription.SignedEvent.LOBSTER;
import static org.assertj.core.api.Assertions.assertThat;

import com.google.api.HttpBody;
import com.google.protobuf.ByteString;
import dev.chowder.api.v1.CreateCheckoutRequest;
import dev.chowder.api.v1.CreatePortalRequest;
import dev.chowder.api.v1.GetSubscriptionRequest;
import dev.chowder.api.v1.Instance;
import dev.chowder.api.v1.Reason;
import dev.chowder.api.v1.ReceiveStripeEventRequest;
import dev.chowder.api.v1.Subscription;
import dev.chowder.server.error.Rejection;
import dev.chowder.server.subscription.SignedEvent;
import dev.chowder.server.subscription.StubStripe;
import io.grpc.Metadata;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Tests purchases and ends of tiers on a node, by events with Stripe's signature. */
class SubscriptionTest {
  private static final Metadata.Key<String> SIGNATURE =
      Metadata.Key.of("stripe-signature", Metadata.ASCII_STRING_MARSHALLER);
  private static final long START = Instant.parse("2026-03-01T00:00:00Z").getEpochSecond();

  private static final Map<String, Object> LIMITED =
      Map.of("chowder.rate.events-per-second", 1, "chowder.rate.event-burst", 10);

  @TempDir static Path home;
  private static StubStripe stripe;
  private static Node node;

  @BeforeAll
  static void start() throws IOException {
    stripe = StubStripe.start();
    node =
        Node.start(
            home,
            stripe.settings(
                home,
                Map.of(
                    "chowder.reconciler.interval", "1h",
                    // The test waits for this timeout; a busy machine responds within it.
                    "chowder.stripe.read-timeout", "3s")));
  }

  @AfterAll
  static void stop() {
    node.close();
    stripe.close();
  }

  @AfterEach
  void recover() {
    stripe.isWell();
  }

  @Test
  void withoutStripeTiersAreShownAndSalesAreRejected(@TempDir Path other) throws IOException {
    try (var plain = Node.start(other, LIMITED)) {
      var key = plain.newcomer("crab");
      assertThat(
              plain.subscriptions(key).getSubscription(GetSubscriptionRequest.getDefaultInstance()))
          .isEqualTo(Subscription.newBuilder().setTier("crab").setInstanceLimit(10).build());
      var refused =
          List.<ThrowingCallable>of(
              () -> plain.subscriptions(key).createCheckout(checkout("lobster")),
              () -> plain.subscriptions(key).createPortal(CreatePortalRequest.getDefaultInstance()),
              () -> plain.subscriptions(new Metadata()).receiveStripeEvent(event("{}")));
      for (var call : refused) {
        Rejection.of(call).hasReason(Reason.BILLING_NOT_CONFIGURED);
      }
      Node.await(
          () ->
              Rejection.of(refused.getLast()).error().reason() == Reason.RATE_LIMITED
                  ? ""
                  : "events are not bounded");
      // Sign-ups have their own limit.
      assertThat(plain.newcomer("shrimp")).isNotEmpty();
    }
  }

  @Test
  void checkoutsOfOneOrganizationUseOneCustomer() {
    var key = node.newcomer("shrimp");
    int before = stripe.requests().size();
    var organization = node.organizationId(key);
    assertThat(buy(key, "crab")).startsWith("https://pay.example/");
    assertThat(buy(key, "lobster")).startsWith("https://pay.example/");
    var asked = stripe.requests().subList(before, stripe.requests().size());
    assertThat(asked.stream().map(StubStripe.Request::path))
        .containsExactly("/v1/customers", "/v1/checkout/sessions", "/v1/checkout/sessions");
    assertThat(asked.getFirst().form()).contains("metadata[organization_id]=" + organization);
    assertThat(asked.get(1).form())
        .contains(
            "mode=subscription",
            "customer=" + get(key).getStripeCustomerId(),
            "client_reference_id=" + organization,
            "subscription_data[metadata][organization_id]=" + organization,
            "metadata[tier]=crab",
            "[price]=" + CRAB,
            "success_url=https://shop.example/done");
    assertThat(asked.get(2).form())
        .contains("customer=" + get(key).getStripeCustomerId(), "[price]=" + LOBSTER);
    // The tier does not change before the payment.
    assertThat(get(key).getTier()).isEqualTo("shrimp");
    assertThat(get(key).hasStripeSubscriptionId()).isFalse();
  }

  @Test
  void stripeEventsAreAppliedOnceAndInTheirOrder() {
    var buyer = new Buyer();
    buyer.receives(buyer.completed("evt_1", 0));
    assertThat(get(buyer.key))
        .isEqualTo(
            Subscription.newBuilder()
                .setTier("lobster")
                .setInstanceLimit(500)
                .setStripeCustomerId(buyer.customer)
                .setStripeSubscriptionId("sub_1")
                .build());
    buyer.receives(buyer.subscription("evt_3", "updated", 20, "active", CRAB));
    assertThat(get(buyer.key).getTier()).isEqualTo("crab");
    // Late events, and duplicates.
    buyer.receives(buyer.subscription("evt_2", "updated", 10, "active", LOBSTER));
    buyer.receives(buyer.completed("evt_1", 0));
    buyer.receives(buyer.subscription("evt_3", "updated", 20, "active", CRAB));
    assertThat(get(buyer.key).getTier()).isEqualTo("crab");
    buyer.receives(buyer.subscription("evt_4", "updated", 30, "active", LOBSTER));
    assertThat(get(buyer.key).getTier()).isEqualTo("lobster");
    buyer.receives(buyer.subscription("evt_5", "deleted", 40, "canceled", LOBSTER));
    buyer.receives(buyer.subscription("evt_6", "updated", 41, "active", LOBSTER));
    assertThat(get(buyer.key).getTier()).isEqualTo("shrimp");
    assertThat(get(buyer.key).hasStripeSubscriptionId()).isFalse();
    assertThat(get(buyer.key).getStripeCustomerId()).isEqualTo(buyer.customer);
  }

  @Test
  void aDowngradeStopsNoAgentAndBlocksCreates() {
    var buyer = new Buyer();
    buyer.receives(buyer.completed("evt_1", 0));
    var agents = List.of(node.createRunning(buyer.key), node.createRunning(buyer.key));
    buyer.receives(buyer.subscription("evt_2", "deleted", 10, "canceled", LOBSTER));
    assertThat(get(buyer.key).getInstanceLimit()).isEqualTo(1);
    assertThat(get(buyer.key).getInstanceCount()).isEqualTo(2);
    var refused = Rejection.of(() -> node.create(buyer.key));
    refused.hasReason(Reason.INSTANCE_LIMIT_REACHED);
    assertThat(refused.error().message())
        .isEqualTo("Instance limit reached (2/1). Upgrade your subscription.");
    for (var agent : agents) {
      assertThat(node.get(buyer.key, agent).getStatus()).isEqualTo(Instance.Status.running);
    }
  }

  @Test
  void eventsOfUnknownCustomersAreAcknowledgedAndIgnored() {
    var buyer = new Buyer();
    var uninvolved = node.newcomer("shrimp");
    for (var organization :
        List.of(
            node.organizationId(uninvolved),
            "01900000-0000-7000-8000-00000000000f",
            "nobody",
            "")) {
      receives(SignedEvent.completed("evt_1", START, organization, buyer.customer, "sub_1"));
    }
    receives(SignedEvent.completed("evt_1", START, buyer.organization, "cus_other", "sub_1"));
    receives(SignedEvent.event("evt_1", "invoice.paid", START, "{}"));
    for (var key : List.of(uninvolved, buyer.key)) {
      assertThat(get(key).getTier()).isEqualTo("shrimp");
      assertThat(get(key).hasStripeSubscriptionId()).isFalse();
    }
  }

  @Test
  void eventsWithAnInvalidOrOldSignatureAreRejected() {
    var buyer = new Buyer();
    var body = buyer.completed("evt_1", 0);
    var signed = SignedEvent.of(body);
    var stale =
        SignedEvent.of(body, Instant.now().minusSeconds(301), SignedEvent.SIGNED_WITH).signature();
    var others = SignedEvent.of(body, Instant.now(), "whsec_of_another").signature();
    for (var signature : List.of("", "t=abc,v1=x", stale, others)) {
      Rejection.of(() -> send(body, signature)).hasReason(Reason.SIGNATURE_INVALID);
    }
    Rejection.of(() -> send(body.replace("lobster", "crab"), signed.signature()))
        .hasReason(Reason.SIGNATURE_INVALID);
    assertThat(get(buyer.key).getTier()).isEqualTo("shrimp");
  }

  @Test
  void signedBodiesThatAreTooLargeOrInvalidAreRejected() {
    Rejection.of(() -> receives("{\"id\": \"" + "x".repeat(10_000) + "\"}"))
        .hasReason(Reason.TOO_LARGE);
    Rejection.of(() -> receives("{}")).hasReason(Reason.INVALID_FIELD);
  }

  @Test
  void subscribersChangeTheirTierInThePortal() {
    var key = node.newcomer("shrimp");
    Rejection.of(() -> portal(key)).hasReason(Reason.WRONG_STATE);
    var buyer = new Buyer();
    buyer.receives(buyer.completed("evt_1", 0));
    Rejection.of(() -> buy(buyer.key, "crab")).hasReason(Reason.WRONG_STATE);
    assertThat(portal(buyer.key)).startsWith("https://portal.example/");
    assertThat(stripe.requests().getLast().form()).contains("customer=" + buyer.customer);
  }

  @Test
  void unsoldTiersAreRejected() {
    var key = node.newcomer("shrimp");
    for (var tier : List.of("", "shrimp", "whale", "CRAB")) {
      Rejection.of(() -> buy(key, tier)).hasField("tier");
    }
  }

  @Test
  void aStripeFailureIsReportedWithoutSecrets() {
    var key = node.newcomer("shrimp");
    for (var answer :
        List.of(
            Map.entry(500, "{\"error\": {\"message\": \"sk_test_123 is down\"}}"),
            Map.entry(401, "{\"error\": {\"message\": \"Invalid API Key: sk_test_123\"}}"),
            Map.entry(400, "{\"error\": {\"message\": \"price\", \"code\": \"resource_missing\"}}"),
            Map.entry(429, "{\"error\": {\"message\": \"slower\", \"code\": \"rate_limit\"}}"),
            Map.entry(502, ""),
            Map.entry(503, "<html>"),
            Map.entry(200, "no JSON"),
            Map.entry(200, "{}"),
            Map.entry(200, ""))) {
      stripe.is(usual -> usual.with(answer.getKey(), answer.getValue()));
      Rejection.of(() -> buy(key, "crab"))
          .hasReason(Reason.BILLING_UNAVAILABLE)
          .hides("sk_test", "price");
    }
    stripe.isSilent();
    Rejection.of(() -> buy(key, "crab")).hasReason(Reason.BILLING_UNAVAILABLE);
    assertThat(get(key).hasStripeCustomerId()).isFalse();
    stripe.isWell();
    assertThat(buy(key, "crab")).isNotEmpty();
  }

  @Test
  void aCustomerThatStripeLostIsCreatedAgain() {
    var buyer = new Buyer();
    stripe.is(
        usual ->
            usual.to().form().contains("customer=" + buyer.customer)
                ? usual.with(
                    400,
                    """
                    {"error": {"type": "invalid_request_error", "code": "resource_missing",
                     "param": "customer", "message": "No such customer"}}\
                    """)
                : usual);
    Rejection.of(() -> portal(buyer.key)).hasReason(Reason.WRONG_STATE);
    assertThat(buy(buyer.key, "crab")).startsWith("https://pay.example/");
    var another = get(buyer.key).getStripeCustomerId();
    assertThat(another).isNotEqualTo(buyer.customer);
    assertThat(stripe.requests().getLast().form()).contains("customer=" + another);
    assertThat(portal(buyer.key)).isNotEmpty();
  }

  /** An organization that started a checkout, so its Stripe customer is known. */
  private static final class Buyer {
    final String key = node.newcomer("shrimp");
    final String organization = node.organizationId(key);
    final String customer;

    Buyer() {
      var _ = buy(key, "lobster");
      customer = get(key).getStripeCustomerId();
    }

    String completed(String id, int second) {
      return SignedEvent.completed(id, START + second, organization, customer, "sub_1");
    }

    String subscription(String id, String what, int second, String status, String price) {
      return SignedEvent.subscription(
          id, what, START + second, organization, customer, "sub_1", status, price);
    }

    void receives(String body) {
      SubscriptionTest.receives(body);
    }
  }

  private static void receives(String body) {
    send(body, SignedEvent.of(body).signature());
  }

  private static void send(String body, String signature) {
    var headers = new Metadata();
    if (!signature.isEmpty()) headers.put(SIGNATURE, signature);
    var _ = node.subscriptions(headers).receiveStripeEvent(event(body));
  }

  private static ReceiveStripeEventRequest event(String body) {
    return ReceiveStripeEventRequest.newBuilder()
        .setBody(HttpBody.newBuilder().setData(ByteString.copyFromUtf8(body)))
        .build();
  }

  private static CreateCheckoutRequest checkout(String tier) {
    return CreateCheckoutRequest.newBuilder().setTier(tier).build();
  }

  private static String buy(String key, String tier) {
    return node.subscriptions(key).createCheckout(checkout(tier)).getUrl();
  }

  private static String portal(String key) {
    return node.subscriptions(key).createPortal(CreatePortalRequest.getDefaultInstance()).getUrl();
  }

  private static Subscription get(String key) {
    return node.subscriptions(key).getSubscription(GetSubscriptionRequest.getDefaultInstance());
  }
}
