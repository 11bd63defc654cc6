package dev.chowder.server.subscription;

import dev.chowder.organization.SubscriptionFact;

/** An event that Stripe signed. */
sealed interface StripeEvent {
  /** Returns Stripe's id of the event. */
  String id();

  /** Returns the type, such as {@code customer.subscription.updated}. */
  String type();

  /** An event that concerns the subscription of an organization. */
  record OfSubscription(String id, String type, String organizationId, SubscriptionFact fact)
      implements StripeEvent {}

  /** An event without effect, and the reason for the log. */
  record WithoutEffect(String id, String type, String reason) implements StripeEvent {}
}
