package dev.chowder.server.subscription;

import dev.chowder.organization.OrganizationView;
import java.util.Optional;

/** Cancels the subscription of an organization that the operator deletes. Blocks. */
public final class SubscriptionCancellation {
  private final Optional<StripeBilling> billing;

  /**
   * Creates the cancellation.
   *
   * @param stripe empty if no subscriptions are sold
   */
  public SubscriptionCancellation(Optional<StripeSettings> stripe) {
    this.billing = stripe.map(StripeBilling::new);
  }

  /**
   * Cancels the subscription of the organization at once. A subscription that Stripe does not know
   * counts as cancelled.
   *
   * @return false if there is a subscription and no access to Stripe is configured
   * @throws dev.chowder.server.error.ApiError if Stripe did not cancel it
   */
  public boolean cancel(OrganizationView organization) {
    if (organization.subscriptionId().isEmpty()) return true;
    billing.ifPresent(stripe -> stripe.cancel(organization.subscriptionId()));
    return billing.isPresent();
  }
}
