package dev.chowder.organization;

import java.time.Instant;
import java.util.Optional;

/**
 * An immutable fact about an organization, persisted permanently by {@link OrganizationJournal}.
 */
public sealed interface OrganizationEvent {
  Instant at();

  /** Returns the id of the acting key; empty if an operator or the system acted. */
  default String keyId() {
    return "";
  }

  /**
   * {@code requestId} is the id of the sign-up request; empty if an older version wrote the event.
   */
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
   * An organization key or a scoped key was created. May occur twice with the same time: the
   * journal reports keys, the table of keys stores them.
   */
  record KeyMade(String keyId, String madeId, Instant at) implements OrganizationEvent {}

  /** A key was revoked. May occur twice with the same time. */
  record KeyRevoked(String keyId, String revokedId, Instant at) implements OrganizationEvent {}

  record TierSet(Tier tier, Instant at) implements OrganizationEvent {}

  record Suspended(Instant at) implements OrganizationEvent {}

  record Resumed(Instant at) implements OrganizationEvent {}

  /**
   * An operator deleted the organization. Its keys, instances, secrets and subscription must be
   * removed.
   */
  record DeletionRequested(Instant at) implements OrganizationEvent {}

  /** Everything that belonged to the organization was removed. */
  record Deleted(Instant at) implements OrganizationEvent {}

  record CustomerLinked(String keyId, String customerId, Instant at) implements OrganizationEvent {}

  /**
   * A Stripe event changed the state of the subscription.
   *
   * @param tier the tier that the subscription grants; empty if it grants none
   * @param ended whether it has ended; it never becomes active again
   * @param eventAt Stripe's creation time of the event
   */
  record SubscriptionReported(
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
