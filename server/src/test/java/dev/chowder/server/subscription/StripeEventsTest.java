package dev.chowder.server.subscription;

import static dev.chowder.server.subscription.SignedEvent.CRAB;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.chowder.api.v1.Reason;
import dev.chowder.organization.SubscriptionFact;
import dev.chowder.organization.SubscriptionFact.Kind;
import dev.chowder.organization.Tier;
import dev.chowder.secret.Secret;
import dev.chowder.server.error.ApiError;
import dev.chowder.server.error.Rejection;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;

/** Tests which webhook events are trusted, and how they are read. */
class StripeEventsTest {
  private static final Instant NOW = Instant.parse("2026-03-01T12:00:00Z");
  private static final long CREATED = NOW.getEpochSecond() - 10;
  private static final String ORGANIZATION = "01900000-0000-7000-8000-00000000000a";
  private static final String BODY =
      SignedEvent.completed("evt_1", CREATED, ORGANIZATION, "cus_1", "sub_1");

  private final StripeEvents events =
      new StripeEvents(
          new StripeSettings(
              Secret.of("none"),
              Secret.of(SignedEvent.SIGNED_WITH),
              Map.of(Tier.CRAB, CRAB, Tier.LOBSTER, SignedEvent.LOBSTER),
              "https://shop.example/",
              "https://stripe.example",
              Duration.ofSeconds(1),
              Duration.ofSeconds(1),
              0,
              Duration.ofMinutes(5),
              1000),
          Clock.fixed(NOW, ZoneOffset.UTC));

  @Test
  void aPaidCheckoutStartsASubscription() {
    for (var payment : List.of("paid", "no_payment_required")) {
      assertThat(
              read(
                  SignedEvent.completed(
                      "evt_1", CREATED, ORGANIZATION, "cus_1", "sub_1", "crab", payment)))
          .isEqualTo(told(Kind.STARTED, Optional.of(Tier.CRAB), "checkout.session.completed"));
    }
  }

  @Test
  void aPaidSubscriptionGivesTheTierOfItsPrice() {
    for (var status : List.of("active", "trialing", "past_due")) {
      assertThat(updated(status, CRAB)).isEqualTo(changed(Kind.CHANGED, Optional.of(Tier.CRAB)));
    }
    for (var status : List.of("incomplete", "unpaid", "paused")) {
      assertThat(updated(status, CRAB)).isEqualTo(changed(Kind.CHANGED, Optional.empty()));
    }
    for (var status : List.of("canceled", "incomplete_expired")) {
      assertThat(updated(status, CRAB)).isEqualTo(changed(Kind.ENDED, Optional.empty()));
    }
    assertThat(read(subscription("deleted", "canceled", CRAB)))
        .isEqualTo(told(Kind.ENDED, Optional.empty(), "customer.subscription.deleted"));
  }

  @Test
  void unrelatedEventsHaveNoEffect() {
    var paid = "checkout.session.completed";
    for (var body :
        List.of(
            SignedEvent.event("evt_1", "invoice.paid", CREATED, "{}"),
            SignedEvent.event("evt_1", "customer.subscription.created", CREATED, "{}"),
            SignedEvent.event("evt_1", paid, CREATED, "{\"mode\": \"payment\"}"),
            SignedEvent.event("evt_1", paid, CREATED, "{\"mode\": \"subscription\"}"),
            SignedEvent.event("evt_1", paid, CREATED, "null"),
            SignedEvent.completed(
                "evt_1", CREATED, ORGANIZATION, "cus_1", "sub_1", "crab", "unpaid"),
            SignedEvent.completed("evt_1", CREATED, "", "cus_1", "sub_1"),
            SignedEvent.completed("evt_1", CREATED, "../x", "cus_1", "sub_1"),
            SignedEvent.completed("evt_1", CREATED, ORGANIZATION, "", "sub_1"),
            SignedEvent.completed("evt_1", CREATED, ORGANIZATION, "cus_1", ""),
            BODY.replace("\"cus_1\"", "null"),
            subscription("updated", "active", "price_of_something_else"),
            subscription("updated", "dreaming", CRAB))) {
      assertThat(read(body)).as(body).isInstanceOf(StripeEvent.WithoutEffect.class);
    }
  }

  @Test
  void unsignedEventsAreRejected() {
    var signed = SignedEvent.of(BODY, NOW, SignedEvent.SIGNED_WITH);
    assertThat(events.read(BODY, Optional.of(signed.signature())))
        .isInstanceOf(StripeEvent.OfSubscription.class);
    assertRejected(BODY, Optional.empty());
    assertRejected(BODY + " ", Optional.of(signed.signature()));
    assertRejected(BODY, Optional.of(SignedEvent.of(BODY, NOW, "whsec_of_another").signature()));
    for (var header :
        List.of(
            "",
            "t",
            "v1",
            "t,v1",
            "t=,v1=",
            "t=abc,v1=abc",
            "t=99999999999999999999,v1=abc",
            "v1=abc",
            "t=" + NOW.getEpochSecond(),
            signed.signature().replace("v1=", "v0="),
            signed.signature().replace("t=", "t=1"),
            "\u0000",
            "x".repeat(10_000))) {
      assertRejected(BODY, Optional.of(header));
    }
  }

  @Test
  void aFurtherSignatureNextToTheRightOneIsIgnored() {
    var signed = SignedEvent.of(BODY, NOW, SignedEvent.SIGNED_WITH).signature();
    assertThat(events.read(BODY, Optional.of(signed + ",v1=" + "0".repeat(64) + ",v0=abc")))
        .isInstanceOf(StripeEvent.OfSubscription.class);
  }

  @Test
  void aSignatureIsValidWithinTheTolerance() {
    var old = SignedEvent.of(BODY, NOW.minusSeconds(300), SignedEvent.SIGNED_WITH);
    assertThat(events.read(BODY, Optional.of(old.signature())))
        .isInstanceOf(StripeEvent.OfSubscription.class);
    assertRejected(
        BODY,
        Optional.of(
            SignedEvent.of(BODY, NOW.minusSeconds(301), SignedEvent.SIGNED_WITH).signature()));
  }

  @Test
  void signedBodiesThatAreNotEventsAreRejected() {
    for (var body :
        List.of(
            "",
            "{",
            "[]",
            "null",
            "5",
            "{}",
            "{\"id\": \"evt_1\", \"created\": 1}",
            SignedEvent.event("", "x", CREATED, "{}"),
            SignedEvent.event("evt_1", "x", 0, "{}"),
            SignedEvent.event("evt_1", "x", Long.MAX_VALUE, "{}"))) {
      var refused = catchThrowableOfType(ApiError.class, () -> read(body));
      assertThat(refused).as(body).isNotNull();
      assertThat(refused.reason()).as(body).isEqualTo(Reason.INVALID_FIELD);
    }
  }

  private void assertRejected(String body, Optional<String> signature) {
    Rejection.of(() -> events.read(body, signature))
        .hasReason(Reason.SIGNATURE_INVALID)
        .hides(SignedEvent.SIGNED_WITH);
  }

  private StripeEvent read(String body) {
    return events.read(
        body, Optional.of(SignedEvent.of(body, NOW, SignedEvent.SIGNED_WITH).signature()));
  }

  private StripeEvent updated(String status, String price) {
    return read(subscription("updated", status, price));
  }

  private static String subscription(String what, String status, String price) {
    return SignedEvent.subscription(
        "evt_1", what, CREATED, ORGANIZATION, "cus_1", "sub_1", status, price);
  }

  private static StripeEvent changed(Kind kind, Optional<Tier> tier) {
    return told(kind, tier, "customer.subscription.updated");
  }

  private static StripeEvent told(Kind kind, Optional<Tier> tier, String type) {
    return new StripeEvent.OfSubscription(
        "evt_1",
        type,
        ORGANIZATION,
        new SubscriptionFact(
            "evt_1", Instant.ofEpochSecond(CREATED), "cus_1", "sub_1", kind, tier));
  }
}
