package dev.chowder.organization;

import java.time.Instant;
import java.util.HashSet;
import java.util.Optional;
import java.util.Set;

/**
 * The Stripe data of an organization. A tier that an operator sets needs none of it.
 *
 * @param customerId empty if the organization never began a checkout
 * @param subscription the subscription of the last applied event; empty if there is none
 */
record Billing(Optional<String> customerId, Optional<Subscription> subscription) {
  static final Billing NONE = new Billing(Optional.empty(), Optional.empty());

  /**
   * A Stripe subscription as of its newest applied event.
   *
   * @param tier the tier that it grants; empty if it grants none
   * @param ended true once it has ended; it never becomes active again
   * @param eventAt Stripe's creation time of the newest applied event
   * @param eventIds all applied events with that time; Stripe's times are in full seconds, so the
   *     time alone does not identify a duplicate
   */
  record Subscription(
      String id, Optional<Tier> tier, boolean ended, Instant eventAt, Set<String> eventIds) {
    Subscription {
      eventIds = Set.copyOf(eventIds);
    }
  }

  Billing with(String customer) {
    return new Billing(Optional.of(customer), subscription);
  }

  Billing after(OrganizationEvent.SubscriptionReported event) {
    Set<String> ids =
        subscription
            .filter(s -> s.eventAt().equals(event.eventAt()))
            .map(s -> new HashSet<>(s.eventIds()))
            .orElseGet(HashSet::new);
    ids.add(event.eventId());
    return new Billing(
        customerId,
        Optional.of(
            new Subscription(
                event.subscriptionId(), event.tier(), event.ended(), event.eventAt(), ids)));
  }

  /** Returns the subscription unless it has ended. */
  Optional<Subscription> present() {
    return subscription.filter(s -> !s.ended());
  }
}
