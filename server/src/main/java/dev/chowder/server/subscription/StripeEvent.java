package dev.chowder.server.subscription;

import dev.chowder.organization.SubscriptionFact;

/** An event that Stripe signed. */
sealed interface StripeEvent {
  /** Stripe's id of it. */
  String id();

  /** Such as {@code customer.subscription.updated}. */
  String type();

  /** It says something of an organization's subscription. */
  record Told(String id, String type, String organizationId, SubscriptionFact fact)
      implements StripeEvent {}

  /** It has no effect, since ... */
  record WithoutEffect(String id, String type, String why) implements StripeEvent {}
}
