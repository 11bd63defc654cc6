package dev.chowder.organization;

import java.time.Instant;
import java.util.Optional;

/**
 * A fact about an organization. Past tense, immutable, persisted for ever; {@link
 * OrganizationJournal} writes it.
 */
public sealed interface OrganizationEvent {
  Instant at();

  /** The acting key's id; empty: an operator or the system itself. */
  default String keyId() {
    return "";
  }

  /** {@code requestId} is the request that signed it up; empty if an older version wrote this. */
  record SignedUp(String name, Tier tier, String requestId, Instant at)
      implements OrganizationEvent {}

  record Renamed(String keyId, String name, Instant at) implements OrganizationEvent {}

  /** {@code version} names the key in the table of secrets. */
  record ProviderKeySet(String keyId, ModelProvider provider, String version, Instant at)
      implements OrganizationEvent {}

  record ProviderKeyRemoved(String keyId, ModelProvider provider, Instant at)
      implements OrganizationEvent {}

  record EndpointSet(String keyId, ModelProvider provider, ModelEndpoint endpoint, Instant at)
      implements OrganizationEvent {}

  record EndpointRemoved(String keyId, ModelProvider provider, Instant at)
      implements OrganizationEvent {}

  /**
   * A key that opens the organization, or some of its instances, was made. May be told twice with
   * the same time: the journal tells of keys, it does not keep them.
   */
  record KeyMade(String keyId, String madeId, Instant at) implements OrganizationEvent {}

  /** A key was ended; the same holds. */
  record KeyRevoked(String keyId, String revokedId, Instant at) implements OrganizationEvent {}

  record TierSet(Tier tier, Instant at) implements OrganizationEvent {}

  record Suspended(Instant at) implements OrganizationEvent {}

  record Resumed(Instant at) implements OrganizationEvent {}

  /** An operator deleted it; its keys, instances, secrets and subscription must be removed. */
  record DeletionRequested(Instant at) implements OrganizationEvent {}

  /** Everything that belonged to it was removed. */
  record Deleted(Instant at) implements OrganizationEvent {}

  record CustomerLinked(String keyId, String customerId, Instant at) implements OrganizationEvent {}

  /**
   * Stripe told of the subscription.
   *
   * @param tier what it gives; empty: nothing
   * @param ended for ever
   * @param eventAt when Stripe made the event
   */
  record SubscriptionHeard(
      String subscriptionId,
      Optional<Tier> tier,
      boolean ended,
      String eventId,
      Instant eventAt,
      Instant at)
      implements OrganizationEvent {}

  record SlotReserved(String keyId, String instanceId, Instant at) implements OrganizationEvent {}

  record SlotReleased(String instanceId, Instant at) implements OrganizationEvent {}
}
