package dev.chowder.organization;

import dev.chowder.actor.ProtoTime;
import dev.chowder.journal.v1.OrganizationSnapshot;
import dev.chowder.organization.OrganizationState.Absent;
import dev.chowder.organization.OrganizationState.Active;
import java.time.Instant;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.Map;
import java.util.stream.Collectors;
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
                .setUpdatedAt(ProtoTime.stamp(a.updatedAt()));
        a.keyed().stream().sorted().forEach(p -> stored.addKeyedProviders(p.label()));
        a.endpoints()
            .forEach((p, e) -> stored.putEndpoints(p.label(), JournalFields.endpoint(p, e)));
        a.slots().forEach((id, at) -> stored.putSlots(id, ProtoTime.stamp(at)));
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
        stored.getKeyedProvidersList().stream()
            .map(JournalFields::provider)
            .collect(Collectors.toUnmodifiableSet()),
        endpoints,
        HashTreePMap.from(slots),
        ProtoTime.instant(stored.getCreatedAt()),
        ProtoTime.instant(stored.getUpdatedAt()));
  }
}
