package dev.chowder.server.subscription;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.stripe.exception.SignatureVerificationException;
import com.stripe.net.Webhook;
import dev.chowder.actor.Ids;
import dev.chowder.organization.SubscriptionFact;
import dev.chowder.organization.SubscriptionFact.Kind;
import dev.chowder.organization.Tier;
import dev.chowder.server.error.ApiError;
import dev.chowder.server.error.Reason;
import java.time.Clock;
import java.time.Instant;
import java.util.Optional;
import java.util.regex.Pattern;
import java.util.stream.StreamSupport;

/**
 * Reads what comes to the webhook: whether Stripe signed it, and what it says of a subscription.
 * The few fields are read as JSON: the library's classes hold for one version of Stripe's API, and
 * an account sends events of its own. It knows no organization.
 */
final class StripeEvents {
  private static final JsonMapper JSON = JsonMapper.builder().build();

  // The library takes each part for name=value without a look.
  private static final String PART = "\\w{1,16}=\\w{1,256}";
  private static final Pattern SIGNATURE = Pattern.compile(PART + "(?:," + PART + "){0,15}");

  /** The last second of the year 9999. */
  private static final long MAX_SECOND = 253_402_300_799L;

  private final StripeSettings settings;
  private final Clock clock;

  StripeEvents(StripeSettings settings, Clock clock) {
    this.settings = settings;
    this.clock = clock;
  }

  /**
   * The event.
   *
   * @throws ApiError {@code SIGNATURE_INVALID}, or {@code INVALID_FIELD} when it is no event
   */
  StripeEvent read(String payload, Optional<String> signature) {
    verify(payload, signature.orElseThrow(() -> unsigned("none")));
    JsonNode event;
    try {
      event = JSON.readTree(payload);
    } catch (JsonProcessingException e) {
      throw ApiError.invalid("body", "not readable (expected: an event of Stripe's as JSON)");
    }
    String id = required(event, "id");
    String type = required(event, "type");
    Instant at = at(event);
    JsonNode object = event.at("/data/object");
    return switch (type) {
      case "checkout.session.completed" -> completed(id, type, at, object);
      case "customer.subscription.updated" -> changed(id, type, at, object);
      case "customer.subscription.deleted" ->
          told(id, type, at, Subject.of(object), Kind.ENDED, Optional.empty());
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
        "stripe-signature: " + got + " (expected: what Stripe signed this body with just now)");
  }

  private static StripeEvent completed(String id, String type, Instant at, JsonNode session) {
    if (!text(session.path("mode")).equals("subscription")) {
      return new StripeEvent.WithoutEffect(id, type, "it sold no subscription");
    }
    if (text(session.path("payment_status")).equals("unpaid")) {
      return new StripeEvent.WithoutEffect(id, type, "its subscription tells when it is paid for");
    }
    Optional<Tier> tier = Tier.ofLabel(text(session.at("/metadata/tier")));
    if (tier.isEmpty()) {
      return new StripeEvent.WithoutEffect(id, type, "no checkout that Chowder began");
    }
    var subject =
        new Subject(
            text(session.path("client_reference_id")),
            text(session.path("customer")),
            text(session.path("subscription")));
    return told(id, type, at, subject, Kind.STARTED, tier);
  }

  private StripeEvent changed(String id, String type, Instant at, JsonNode subscription) {
    String status = text(subscription.path("status"));
    return switch (status) {
      // What is past due is tried again for days, and then becomes unpaid or is canceled.
      case "active", "trialing", "past_due" -> {
        Optional<Tier> tier = tier(subscription);
        yield tier.isPresent()
            ? told(id, type, at, Subject.of(subscription), Kind.CHANGED, tier)
            : new StripeEvent.WithoutEffect(
                id, type, "none of its prices is one of chowder.stripe.prices");
      }
      case "incomplete", "unpaid", "paused" ->
          told(id, type, at, Subject.of(subscription), Kind.CHANGED, Optional.empty());
      case "canceled", "incomplete_expired" ->
          told(id, type, at, Subject.of(subscription), Kind.ENDED, Optional.empty());
      default -> new StripeEvent.WithoutEffect(id, type, "its status is not known");
    };
  }

  private Optional<Tier> tier(JsonNode subscription) {
    return StreamSupport.stream(subscription.at("/items/data").spliterator(), false)
        .map(item -> settings.tierOf(text(item.at("/price/id"))))
        .flatMap(Optional::stream)
        .findFirst();
  }

  private static StripeEvent told(
      String id, String type, Instant at, Subject subject, Kind kind, Optional<Tier> tier) {
    if (!Ids.isId(subject.organizationId())) {
      return new StripeEvent.WithoutEffect(id, type, "it names no organization");
    }
    if (subject.customerId().isEmpty() || subject.subscriptionId().isEmpty()) {
      return new StripeEvent.WithoutEffect(id, type, "it names no customer or no subscription");
    }
    return new StripeEvent.Told(
        id,
        type,
        subject.organizationId(),
        new SubscriptionFact(id, at, subject.customerId(), subject.subscriptionId(), kind, tier));
  }

  /** Whom an event is about; a part that it does not name is empty. */
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
    if (text.isEmpty()) throw ApiError.invalid("body." + field, "none (expected: an event's)");
    return text;
  }

  private static Instant at(JsonNode event) {
    JsonNode created = event.path("created");
    long second = created.canConvertToLong() ? created.asLong() : 0;
    if (second <= 0 || second > MAX_SECOND) {
      throw ApiError.invalid("body.created", "no time (expected: seconds since 1970)");
    }
    return Instant.ofEpochSecond(second);
  }

  /** Empty where it is none; Jackson would write null as a word. */
  private static String text(JsonNode node) {
    return node.isTextual() ? node.textValue() : "";
  }
}
