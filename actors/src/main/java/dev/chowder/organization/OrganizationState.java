package dev.chowder.organization;

import java.time.Instant;
import java.util.Map;
import org.pcollections.PMap;

/**
 * The state of an organization. It has no pending effects: a provider's key is stored before its
 * change is sent, and instances release their own slots.
 */
public sealed interface OrganizationState {
  /** No organization has this id. */
  record Absent() implements OrganizationState {}

  /**
   * An organization that exists, possibly deleted.
   *
   * @param keys the current keys of providers
   * @param slots the instances that hold a slot, and since when. A persistent map: copying a map
   *     for each change would slow down creates in large organizations.
   * @param standing whether its keys are accepted
   * @param updatedAt time of the last change to its settings; slots and billing do not count
   * @param signUpRequestId id of the sign-up request; empty if an older version created it
   */
  record Active(
      String name,
      Tier tier,
      ProviderKeys keys,
      Map<ModelProvider, ModelEndpoint> endpoints,
      PMap<String, Instant> slots,
      Billing billing,
      Standing standing,
      Instant createdAt,
      Instant updatedAt,
      String signUpRequestId)
      implements OrganizationState {
    public Active {
      endpoints = Map.copyOf(endpoints);
    }

    Active withName(String next, Instant at) {
      return with(next, tier, keys, endpoints, slots, billing, standing, at);
    }

    Active withTier(Tier next, Instant at) {
      return with(name, next, keys, endpoints, slots, billing, standing, at);
    }

    Active withKeys(ProviderKeys next, Instant at) {
      return with(name, tier, next, endpoints, slots, billing, standing, at);
    }

    Active withEndpoints(Map<ModelProvider, ModelEndpoint> next, Instant at) {
      return with(name, tier, keys, next, slots, billing, standing, at);
    }

    Active withSlots(PMap<String, Instant> next) {
      return with(name, tier, keys, endpoints, next, billing, standing, updatedAt);
    }

    Active withBilling(Billing next) {
      return with(name, tier, keys, endpoints, slots, next, standing, updatedAt);
    }

    Active withStanding(Standing next) {
      return with(name, tier, keys, endpoints, slots, billing, next, updatedAt);
    }

    private Active with(
        String name,
        Tier tier,
        ProviderKeys keys,
        Map<ModelProvider, ModelEndpoint> endpoints,
        PMap<String, Instant> slots,
        Billing billing,
        Standing standing,
        Instant at) {
      return new Active(
          name, tier, keys, endpoints, slots, billing, standing, createdAt, at, signUpRequestId);
    }

    /** Returns whether instances can use the provider now. */
    boolean canUse(ModelProvider provider) {
      return switch (provider) {
        case ANTHROPIC, OPENAI, GEMINI -> keys.has(provider);
        case CUSTOM -> endpoints.containsKey(provider);
      };
    }
  }
}
