package dev.chowder.organization;

import java.time.Instant;
import java.util.HashSet;
import java.util.Optional;
import java.util.Set;

/**
 * What is known of an organization at Stripe. An operator's tiers need none of it.
 *
 * @param customerId empty: it never began a checkout
 * @param subscription the one that was heard of last; empty: none
 */
record Billing(Optional<String> customerId, Optional<Subscription> subscription) {
  static final Billing NONE = new Billing(Optional.empty(), Optional.empty());

  /**
   * A subscription.
   *
   * @param tier what it gives; empty: nothing
   * @param ended for ever
   * @param heardAt when Stripe made the newest event that was heard
   * @param eventIds all that were heard of that second: Stripe's time tells no smaller steps
   */
  record Subscription(
      String id, Optional<Tier> tier, boolean ended, Instant heardAt, Set<String> eventIds) {
    Subscription {
      eventIds = Set.copyOf(eventIds);
    }
  }

  Billing with(String customer) {
    return new Billing(Optional.of(customer), subscription);
  }

  Billing after(OrganizationEvent.SubscriptionHeard event) {
    Set<String> ids =
        subscription
            .filter(s -> s.heardAt().equals(event.eventAt()))
            .map(s -> new HashSet<>(s.eventIds()))
            .orElseGet(HashSet::new);
    ids.add(event.eventId());
    return new Billing(
        customerId,
        Optional.of(
            new Subscription(
                event.subscriptionId(), event.tier(), event.ended(), event.eventAt(), ids)));
  }

  /** The subscription that goes on; empty: there is none, or it has ended. */
  Optional<Subscription> present() {
    return subscription.filter(s -> !s.ended());
  }
}
