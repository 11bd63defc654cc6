package dev.chowder.server.subscription;

import static dev.chowder.base.ErrorText.must;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.stripe.exception.SignatureVerificationException;
import com.stripe.net.Webhook;
import dev.chowder.api.v1.Reason;
import dev.chowder.base.Ids;
import dev.chowder.organization.SubscriptionFact;
import dev.chowder.organization.SubscriptionFact.Kind;
import dev.chowder.organization.Tier;
import dev.chowder.server.error.ApiError;
import java.time.Clock;
import java.time.Instant;
import java.util.Optional;
import java.util.regex.Pattern;
import java.util.stream.StreamSupport;

/**
 * Verifies the signature of events from the webhook and reads what they say about a subscription.
 * Reads the few fields from JSON, because the classes of the library fit one version of Stripe's
 * API and each account sends events of its own version. Does not know any organization.
 */
record StripeEvents(StripeSettings settings, Clock clock) {
  private static final JsonMapper JSON = JsonMapper.builder().build();

  // The library assumes without a check that each part is name=value.
  private static final String PART = "\\w{1,16}=\\w{1,256}";
  private static final Pattern SIGNATURE = Pattern.compile(PART + "(?:," + PART + "){0,15}");

  /** The last second of the year 9999, in seconds since 1970. */
  private static final long MAX_SECOND = 253_402_300_799L;

  /**
   * Returns the event.
   *
   * @throws ApiError {@code SIGNATURE_INVALID} if Stripe did not sign it, {@code INVALID_FIELD} if
   *     it is not an event
   */
  StripeEvent read(String payload, Optional<String> signature) {
    verify(payload, signature.orElseThrow(() -> unsigned("none")));
    JsonNode event;
    try {
      event = JSON.readTree(payload);
    } catch (JsonProcessingException e) {
      throw ApiError.must("body", "be an event of Stripe in JSON");
    }
    String id = required(event, "id");
    String type = required(event, "type");
    Instant at = at(event);
    JsonNode object = event.at("/data/object");
    return switch (type) {
      case "checkout.session.completed" -> completed(id, type, at, object);
      case "customer.subscription.updated" -> changed(id, type, at, object);
      case "customer.subscription.deleted" ->
          event(id, type, at, Subject.of(object), Kind.ENDED, Optional.empty());
      default -> new StripeEvent.WithoutEffect(id, type, "nothing depends on events of this type");
    };
  }

  private void verify(String payload, String signature) {
    if (!SIGNATURE.matcher(signature).matches()) throw unsigned("malformed");
    try {
      Webhook.Signature.verifyHeader(
          payload,
          signature,
          settings.webhookSecret().reveal(),
          settings.tolerance().toSeconds(),
          clock);
    } catch (NumberFormatException | SignatureVerificationException e) {
      throw unsigned("wrong or too old");
    }
  }

  private static ApiError unsigned(String got) {
    return ApiError.of(
        Reason.SIGNATURE_INVALID,
        must("stripe-signature", "be Stripe's signature of this body, made just now", got));
  }

  private static StripeEvent completed(String id, String type, Instant at, JsonNode session) {
    if (!text(session.path("mode")).equals("subscription")) {
      return new StripeEvent.WithoutEffect(id, type, "the checkout sold no subscription");
    }
    if (text(session.path("payment_status")).equals("unpaid")) {
      return new StripeEvent.WithoutEffect(
          id, type, "not paid; an event of the subscription follows when it is");
    }
    Optional<Tier> tier = Tier.ofLabel(text(session.at("/metadata/tier")));
    if (tier.isEmpty()) {
      return new StripeEvent.WithoutEffect(id, type, "Chowder did not create this checkout");
    }
    var subject =
        new Subject(
            text(session.path("client_reference_id")),
            text(session.path("customer")),
            text(session.path("subscription")));
    return event(id, type, at, subject, Kind.STARTED, tier);
  }

  private StripeEvent changed(String id, String type, Instant at, JsonNode subscription) {
    String status = text(subscription.path("status"));
    return switch (status) {
      // Stripe retries a payment that is past due for days. Then the status is unpaid or canceled.
      case "active", "trialing", "past_due" -> {
        Optional<Tier> tier = tier(subscription);
        yield tier.isPresent()
            ? event(id, type, at, Subject.of(subscription), Kind.CHANGED, tier)
            : new StripeEvent.WithoutEffect(id, type, "it has no price of chowder.stripe.prices");
      }
      case "incomplete", "unpaid", "paused" ->
          event(id, type, at, Subject.of(subscription), Kind.CHANGED, Optional.empty());
      case "canceled", "incomplete_expired" ->
          event(id, type, at, Subject.of(subscription), Kind.ENDED, Optional.empty());
      default -> new StripeEvent.WithoutEffect(id, type, "the status is unknown");
    };
  }

  private Optional<Tier> tier(JsonNode subscription) {
    return StreamSupport.stream(subscription.at("/items/data").spliterator(), false)
        .map(item -> settings.tierOf(text(item.at("/price/id"))))
        .flatMap(Optional::stream)
        .findFirst();
  }

  private static StripeEvent event(
      String id, String type, Instant at, Subject subject, Kind kind, Optional<Tier> tier) {
    if (!Ids.isId(subject.organizationId())) {
      return new StripeEvent.WithoutEffect(id, type, "it names no organization");
    }
    if (subject.customerId().isEmpty() || subject.subscriptionId().isEmpty()) {
      return new StripeEvent.WithoutEffect(id, type, "it names no customer or no subscription");
    }
    return new StripeEvent.OfSubscription(
        id,
        type,
        subject.organizationId(),
        new SubscriptionFact(id, at, subject.customerId(), subject.subscriptionId(), kind, tier));
  }

  /** The organization, customer and subscription of an event; each empty if the event lacks it. */
  private record Subject(String organizationId, String customerId, String subscriptionId) {
    static Subject of(JsonNode subscription) {
      return new Subject(
          text(subscription.at("/metadata/organization_id")),
          text(subscription.path("customer")),
          text(subscription.path("id")));
    }
  }

  private static String required(JsonNode event, String field) {
    String text = text(event.path(field));
    if (text.isEmpty()) throw ApiError.must("body." + field, "be set");
    return text;
  }

  private static Instant at(JsonNode event) {
    JsonNode created = event.path("created");
    long second = created.canConvertToLong() ? created.asLong() : 0;
    if (second <= 0 || second > MAX_SECOND) {
      throw ApiError.must("body.created", "be seconds since 1970");
    }
    return Instant.ofEpochSecond(second);
  }

  /** Returns the text; empty if the node is not a text, while Jackson would return "null". */
  private static String text(JsonNode node) {
    return node.isTextual() ? node.textValue() : "";
  }
}
