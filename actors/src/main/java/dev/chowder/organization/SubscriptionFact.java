package dev.chowder.organization;

import java.time.Instant;
import java.util.Optional;

/**
 * What Stripe says of a subscription by one event. It may come twice, and after a newer one.
 *
 * @param eventAt when Stripe made the event, in full seconds
 * @param tier what the subscription gives now; empty: nothing, since it is not paid for or has
 *     ended
 */
public record SubscriptionFact(
    String eventId,
    Instant eventAt,
    String customerId,
    String subscriptionId,
    Kind kind,
    Optional<Tier> tier) {
  /** What became of the subscription. */
  public enum Kind {
    /** A checkout was completed, so this is the organization's subscription from now on. */
    STARTED,
    CHANGED,
    /** For ever: what follows is another subscription. */
    ENDED
  }
}
