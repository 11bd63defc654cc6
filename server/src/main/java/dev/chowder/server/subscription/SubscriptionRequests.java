package dev.chowder.server.subscription;

import dev.chowder.api.v1.CreateCheckoutRequest;
import dev.chowder.organization.Tier;
import dev.chowder.server.request.Fields;
import java.util.List;

/** Reads the requests of {@code SubscriptionService}. */
final class SubscriptionRequests {
  private static final List<String> SOLD = List.of(Tier.CRAB.label(), Tier.LOBSTER.label());

  private SubscriptionRequests() {}

  /** Returns the tier to buy. */
  static Tier tier(CreateCheckoutRequest r) {
    return Tier.ofLabel(Fields.oneOf("tier", r.getTier(), SOLD)).orElseThrow();
  }
}
