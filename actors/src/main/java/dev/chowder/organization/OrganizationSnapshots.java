package dev.chowder.organization;

import dev.chowder.actor.ProtoTime;
import dev.chowder.journal.v1.OrganizationSnapshot;
import dev.chowder.journal.v1.OrganizationSubscription;
import dev.chowder.organization.OrganizationState.Absent;
import dev.chowder.organization.OrganizationState.Active;
import dev.chowder.secret.SecretNames;
import java.time.Instant;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.apache.pekko.persistence.typed.SnapshotAdapter;
import org.pcollections.HashTreePMap;

/** Translates states to and from the form in which snapshots lie in the database. */
final class OrganizationSnapshots implements SnapshotAdapter<OrganizationState> {
  @Override
  public Object toJournal(OrganizationState state) {
    return switch (state) {
      case Absent() -> OrganizationSnapshot.getDefaultInstance();
      case Active a -> {
        var stored =
            OrganizationSnapshot.newBuilder()
                .setName(a.name())
                .setTier(a.tier().label())
                .setCreatedAt(ProtoTime.stamp(a.createdAt()))
                .setUpdatedAt(ProtoTime.stamp(a.updatedAt()))
                .setSignUpRequestId(a.signUpRequestId());
        if (a.standing() != Standing.ACTIVE) stored.setStanding(a.standing().label());
        new TreeMap<>(a.keys().versions())
            .forEach(
                (provider, version) -> {
                  stored.addKeyedProviders(provider.label());
                  if (!version.equals(SecretNames.UNVERSIONED)) {
                    stored.putKeyVersions(provider.label(), version);
                  }
                });
        stored.addAllAcceptedKeys(a.keys().accepted());
        a.endpoints()
            .forEach((p, e) -> stored.putEndpoints(p.label(), JournalFields.endpoint(p, e)));
        a.slots().forEach((id, at) -> stored.putSlots(id, ProtoTime.stamp(at)));
        a.billing().customerId().ifPresent(stored::setCustomerId);
        a.billing().subscription().ifPresent(s -> stored.setSubscription(subscription(s)));
        yield stored.build();
      }
    };
  }

  @Override
  public OrganizationState fromJournal(Object from) {
    if (!(from instanceof OrganizationSnapshot stored)) {
      throw new IllegalStateException(
          "snapshot: " + from.getClass().getName() + " (expected: OrganizationSnapshot)");
    }
    if (!stored.hasCreatedAt()) return new Absent();
    Map<ModelProvider, ModelEndpoint> endpoints = new EnumMap<>(ModelProvider.class);
    stored
        .getEndpointsMap()
        .forEach((p, e) -> endpoints.put(JournalFields.provider(p), JournalFields.endpoint(e)));
    Map<String, Instant> slots = new HashMap<>();
    stored.getSlotsMap().forEach((id, at) -> slots.put(id, ProtoTime.instant(at)));
    return new Active(
        stored.getName(),
        JournalFields.tier(stored.getTier()),
        keys(stored),
        endpoints,
        HashTreePMap.from(slots),
        billing(stored),
        // A snapshot has no standing if the organization is active.
        Standing.ofLabel(stored.getStanding()).orElse(Standing.ACTIVE),
        ProtoTime.instant(stored.getCreatedAt()),
        ProtoTime.instant(stored.getUpdatedAt()),
        stored.getSignUpRequestId());
  }

  private static ProviderKeys keys(OrganizationSnapshot stored) {
    Map<ModelProvider, String> versions = new EnumMap<>(ModelProvider.class);
    for (String provider : stored.getKeyedProvidersList()) {
      versions.put(
          JournalFields.provider(provider),
          JournalFields.keyVersion(stored.getKeyVersionsOrDefault(provider, "")));
    }
    return new ProviderKeys(versions, stored.getAcceptedKeysList());
  }

  private static OrganizationSubscription subscription(Billing.Subscription s) {
    return OrganizationSubscription.newBuilder()
        .setId(s.id())
        .setTier(JournalFields.label(s.tier()))
        .setEnded(s.ended())
        .setHeardAt(ProtoTime.stamp(s.heardAt()))
        .addAllEventIds(s.eventIds().stream().sorted().toList())
        .build();
  }

  private static Billing billing(OrganizationSnapshot stored) {
    return new Billing(
        Optional.of(stored.getCustomerId()).filter(id -> !id.isEmpty()),
        stored.hasSubscription()
            ? Optional.of(subscription(stored.getSubscription()))
            : Optional.empty());
  }

  private static Billing.Subscription subscription(OrganizationSubscription stored) {
    return new Billing.Subscription(
        stored.getId(),
        JournalFields.ifTier(stored.getTier()),
        stored.getEnded(),
        ProtoTime.instant(stored.getHeardAt()),
        new HashSet<>(stored.getEventIdsList()));
  }
}
