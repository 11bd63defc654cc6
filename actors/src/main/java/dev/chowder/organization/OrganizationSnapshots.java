package dev.chowder.organization;

import static dev.chowder.base.ErrorText.must;

import com.google.protobuf.InvalidProtocolBufferException;
import dev.chowder.actor.ProtoTime;
import dev.chowder.actor.SnapshotSerializer;
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

/** Serializes the states of an organization for snapshots. */
public final class OrganizationSnapshots extends SnapshotSerializer<OrganizationState> {
  private static final int IDENTIFIER = 7302;

  public OrganizationSnapshots() {
    super(IDENTIFIER, OrganizationState.class);
  }

  @Override
  protected OrganizationSnapshot stored(OrganizationState state) {
    return write(state);
  }

  @Override
  protected OrganizationState state(byte[] stored) throws InvalidProtocolBufferException {
    return read(OrganizationSnapshot.parseFrom(stored));
  }

  /**
   * Returns an adapter that also reads snapshots of older versions, which stored the message
   * itself. This version knows all their fields.
   */
  static SnapshotAdapter<OrganizationState> adapter() {
    return new SnapshotAdapter<>() {
      @Override
      public Object toJournal(OrganizationState state) {
        return state;
      }

      @Override
      public OrganizationState fromJournal(Object from) {
        return switch (from) {
          case OrganizationState state -> state;
          case OrganizationSnapshot stored -> read(stored);
          default ->
              throw new IllegalStateException(
                  must("snapshot", "be an OrganizationSnapshot", from.getClass().getName()));
        };
      }
    };
  }

  static OrganizationSnapshot write(OrganizationState state) {
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

  static OrganizationState read(OrganizationSnapshot stored) {
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
        standing(stored.getStanding()),
        ProtoTime.instant(stored.getCreatedAt()),
        ProtoTime.instant(stored.getUpdatedAt()),
        stored.getSignUpRequestId());
  }

  /** Returns the standing; a snapshot stores none if the organization is active. */
  private static Standing standing(String label) {
    if (label.isEmpty()) return Standing.ACTIVE;
    return Standing.ofLabel(label)
        .orElseThrow(
            () ->
                new IllegalStateException(
                    must("standing", "be known to this version of Chowder", label)));
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
        JournalFields.tierIfSet(stored.getTier()),
        stored.getEnded(),
        ProtoTime.instant(stored.getHeardAt()),
        new HashSet<>(stored.getEventIdsList()));
  }
}
