package dev.chowder.server.subscription;

import dev.chowder.api.v1.Subscription;
import dev.chowder.organization.OrganizationView;

/** Builds the {@code Subscription} message of an organization. */
final class SubscriptionPresenter {
  private SubscriptionPresenter() {}

  static Subscription subscription(OrganizationView view) {
    var shown =
        Subscription.newBuilder().setTier(view.tier().label()).setInstanceCount(view.slots());
    view.tier().limit().ifPresent(shown::setInstanceLimit);
    if (!view.customerId().isEmpty()) shown.setStripeCustomerId(view.customerId());
    if (!view.subscriptionId().isEmpty()) shown.setStripeSubscriptionId(view.subscriptionId());
    return shown.build();
  }
}
