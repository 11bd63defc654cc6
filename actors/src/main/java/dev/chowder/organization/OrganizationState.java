package dev.chowder.organization;

import java.time.Instant;
import java.util.Map;
import org.pcollections.PMap;

/**
 * The state of an organization. It has no effects: a provider's key is written before its change is
 * sent, and instances release their slots themselves.
 */
public sealed interface OrganizationState {
  /** Nobody signed up under this id. */
  record Absent() implements OrganizationState {}

  /**
   * It is there.
   *
   * @param keys which keys of providers hold
   * @param slots the instances that hold one, and since when; persistent, since a copy for each
   *     change would make a big organization's creates slower the bigger it is
   * @param standing whether its keys work
   * @param updatedAt when its settings last changed; slots and billing are none
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

    /** Whether an instance could use it now. */
    boolean canUse(ModelProvider provider) {
      return switch (provider) {
        case ANTHROPIC, OPENAI, GEMINI -> keys.has(provider);
        case CUSTOM -> endpoints.containsKey(provider);
      };
    }
  }
}
