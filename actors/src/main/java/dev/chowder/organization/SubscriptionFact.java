package dev.chowder.organization;

import java.time.Instant;
import java.util.Optional;

/**
 * The state of a subscription according to one Stripe event. The event may arrive twice, and after
 * a newer one.
 *
 * @param eventAt Stripe's creation time of the event, in full seconds
 * @param tier the tier that the subscription grants now; empty if it is unpaid or has ended
 */
public record SubscriptionFact(
    String eventId,
    Instant eventAt,
    String customerId,
    String subscriptionId,
    Kind kind,
    Optional<Tier> tier) {
  /** The type of the change. */
  public enum Kind {
    /** A checkout was completed. From now on, this is the organization's subscription. */
    STARTED,
    CHANGED,
    /** The subscription ended permanently; a later one has another id. */
    ENDED
  }
}
