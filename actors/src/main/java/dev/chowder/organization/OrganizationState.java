package dev.chowder.organization;

import java.time.Instant;
import java.util.Map;
import org.pcollections.PMap;

/**
 * The state of an organization. It has no effects: a provider's key is written before its change is
 * sent, and instances release their slots.
 */
public sealed interface OrganizationState {
  /** Nobody signed up under this id. */
  record Absent() implements OrganizationState {}

  /**
   * An organization that exists.
   *
   * @param keys the current keys of providers
   * @param slots the instances that hold one, and since when; a persistent map, since a copy for
   *     each change would slow down creates in big organizations
   * @param standing whether its keys work
   * @param updatedAt when its settings last changed, not its slots or billing
   * @param signUpRequestId the id of the request that signed it up; empty if an older version did
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

    /** Whether an instance could use it now. */
    boolean canUse(ModelProvider provider) {
      return switch (provider) {
        case ANTHROPIC, OPENAI, GEMINI -> keys.has(provider);
        case CUSTOM -> endpoints.containsKey(provider);
      };
    }
  }
}
