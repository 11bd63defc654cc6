package dev.chowder.organization;

import java.time.Instant;
import java.util.Map;
import java.util.Set;
import org.pcollections.PMap;

/**
 * The life of an organization. It owes the outside world nothing: whoever changes a provider's key
 * writes the table of secrets too, and instances give their slots back themselves.
 */
public sealed interface OrganizationState {
  /** Nobody signed up under this id. */
  record Absent() implements OrganizationState {}

  /**
   * It is there.
   *
   * @param keyed providers that have a key in the table of secrets
   * @param slots the instances that hold one, and since when; persistent, since a copy for each
   *     change would make a big organization's creates slower the bigger it is
   * @param standing whether its keys work
   * @param updatedAt when its settings last changed; slots and billing are none
   * @param signUpRequestId the id of the request that signed it up; empty if an older version did
   */
  record Active(
      String name,
      Tier tier,
      Set<ModelProvider> keyed,
      Map<ModelProvider, ModelEndpoint> endpoints,
      PMap<String, Instant> slots,
      Billing billing,
      Standing standing,
      Instant createdAt,
      Instant updatedAt,
      String signUpRequestId)
      implements OrganizationState {
    public Active {
      keyed = Set.copyOf(keyed);
      endpoints = Map.copyOf(endpoints);
    }

    /** Whether an instance could use it now. */
    boolean canUse(ModelProvider provider) {
      return switch (provider) {
        case ANTHROPIC, OPENAI, GEMINI -> keyed.contains(provider);
        case CUSTOM -> endpoints.containsKey(provider);
      };
    }
  }
}
