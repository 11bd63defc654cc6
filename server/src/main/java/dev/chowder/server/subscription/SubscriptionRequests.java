package dev.chowder.server.subscription;

import dev.chowder.api.v1.CreateCheckoutRequest;
import dev.chowder.organization.Tier;

/** Reads the requests of {@code SubscriptionService}. */
final class SubscriptionRequests {
  private SubscriptionRequests() {}

  /** Returns the tier to buy. */
  static Tier tier(CreateCheckoutRequest r) {
    return Tier.ofLabel(r.getTier()).orElseThrow();
  }
}
