package dev.chowder.organization;

import dev.chowder.organization.OrganizationCommand.ApplySubscription;
import dev.chowder.organization.OrganizationEvent.SubscriptionReported;
import dev.chowder.organization.OrganizationEvent.TierSet;
import dev.chowder.organization.OrganizationState.Active;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * Decides {@link ApplySubscription}: the newest Stripe event determines the state, regardless of
 * duplicates and order. Pure.
 */
final class SubscriptionUpdate {
  private SubscriptionUpdate() {}

  /** {@code unpaid} is the tier of an organization whose subscription grants none. */
  static Decision decide(Active state, ApplySubscription command, Tier unpaid) {
    SubscriptionFact fact = command.fact();
    if (!state.billing().customerId().equals(Optional.of(fact.customerId()))) {
      return Decision.reject(new OrganizationRejection.AnotherCustomer());
    }
    Optional<Billing.Subscription> known = state.billing().subscription();
    if (known.isPresent() && !isNewer(known.get(), fact)) return Decision.accept();
    return new Decision.Accept(events(state, known, fact, unpaid, command.now()));
  }

  private static boolean isNewer(Billing.Subscription known, SubscriptionFact fact) {
    if (known.eventIds().contains(fact.eventId())) return false;
    if (fact.eventAt().isBefore(known.eventAt())) return false;
    if (fact.subscriptionId().equals(known.id())) return !known.ended();
    // If there are two subscriptions, the one whose checkout was completed last counts. Events of
    // the other one would remove the tier that this one pays for.
    return switch (fact.kind()) {
      case STARTED -> true;
      case CHANGED -> known.ended();
      case ENDED -> false;
    };
  }

  /**
   * Returns the events. A tier that an operator set stays until the subscription grants a different
   * tier than before.
   */
  private static List<OrganizationEvent> events(
      Active state,
      Optional<Billing.Subscription> known,
      SubscriptionFact fact,
      Tier unpaid,
      Instant now) {
    List<OrganizationEvent> events = new ArrayList<>();
    boolean ended = fact.kind() == SubscriptionFact.Kind.ENDED;
    Optional<Tier> granted = ended ? Optional.empty() : fact.tier();
    events.add(
        new SubscriptionReported(
            fact.subscriptionId(), granted, ended, fact.eventId(), fact.eventAt(), now));
    Optional<Tier> grantedBefore = known.flatMap(Billing.Subscription::tier);
    Tier tier = granted.orElse(unpaid);
    if (!granted.equals(grantedBefore) && tier != state.tier()) events.add(new TierSet(tier, now));
    return List.copyOf(events);
  }
}
