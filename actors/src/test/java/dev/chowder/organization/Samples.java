package dev.chowder.organization;

import dev.chowder.organization.OrganizationState.Active;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.pcollections.HashTreePMap;

/** Organizations, events and settings for several tests. */
final class Samples {
  static final Instant T0 = Instant.parse("2026-01-02T03:04:05.678901Z");
  static final Instant T1 = T0.plusSeconds(60);
  static final Instant EVENT_AT = Instant.parse("2026-01-02T03:04:00Z");
  static final String ID = "0190a000-0000-7000-8000-00000000000a";
  static final String INSTANCE_ID = "0190a000-0000-7000-8000-0000000000b0";
  static final OrganizationSettings SETTINGS =
      new OrganizationSettings(Duration.ofSeconds(20), Duration.ofSeconds(3), 500, 100);
  static final ModelEndpoint ENDPOINT =
      new ModelEndpoint("http://localhost:11434/v1", "llama", "openai-completions");

  private Samples() {}

  /** Returns a crab with a key for openai, an endpoint for custom and one reserved slot. */
  static Active active() {
    return new Active(
        "acme",
        Tier.CRAB,
        ProviderKeys.NONE.with(ModelProvider.OPENAI, "0"),
        Map.of(ModelProvider.CUSTOM, ENDPOINT),
        HashTreePMap.singleton(INSTANCE_ID, T0),
        Billing.NONE,
        Standing.ACTIVE,
        T0,
        T1,
        "");
  }

  /** Returns {@link #active} with a subscription to which two events of one second were applied. */
  static OrganizationState subscribed() {
    OrganizationState subscribed = active();
    for (OrganizationEvent event :
        List.of(
            new OrganizationEvent.CustomerLinked("key", "cus_1", T0),
            new OrganizationEvent.SubscriptionReported(
                "sub_1", Optional.empty(), false, "evt_1", EVENT_AT, T0),
            new OrganizationEvent.SubscriptionReported(
                "sub_1", Optional.of(Tier.CRAB), false, "evt_2", EVENT_AT, T1))) {
      subscribed = OrganizationLifecycle.evolve(subscribed, event);
    }
    return subscribed;
  }

  /** Returns one event of each type, with all fields set. */
  static List<OrganizationEvent> events() {
    return List.of(
        new OrganizationEvent.SignedUp("acme", Tier.SHRIMP, "", T0),
        new OrganizationEvent.Renamed("key", "acme 🐚", T0),
        new OrganizationEvent.ProviderKeySet("key", ModelProvider.ANTHROPIC, "0", T0),
        new OrganizationEvent.ProviderKeyRemoved("key", ModelProvider.GEMINI, T0),
        new OrganizationEvent.EndpointSet("key", ModelProvider.CUSTOM, ENDPOINT, T0),
        new OrganizationEvent.EndpointRemoved("key", ModelProvider.OPENAI, T0),
        new OrganizationEvent.KeyMade("key", "made", T0),
        new OrganizationEvent.KeyRevoked("key", "revoked", T0),
        new OrganizationEvent.TierSet(Tier.WHALE, T0),
        new OrganizationEvent.Suspended(T0),
        new OrganizationEvent.Resumed(T0),
        new OrganizationEvent.DeletionRequested(T0),
        new OrganizationEvent.Deleted(T0),
        new OrganizationEvent.CustomerLinked("key", "cus_1", T0),
        new OrganizationEvent.SubscriptionReported(
            "sub_1", Optional.of(Tier.CRAB), true, "evt_1", EVENT_AT, T0),
        new OrganizationEvent.SlotReserved("key", INSTANCE_ID, T0),
        new OrganizationEvent.SlotReleased(INSTANCE_ID, T0));
  }

  static OrganizationView view(OrganizationState state) {
    return OrganizationView.of(ID, 7, state).orElseThrow();
  }

  static EndpointChange merge(String baseUrl, String model) {
    return new EndpointChange.Merge(Optional.of(baseUrl), Optional.of(model), Optional.empty());
  }
}
