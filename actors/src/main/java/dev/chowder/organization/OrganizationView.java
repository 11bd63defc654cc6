package dev.chowder.organization;

import dev.chowder.organization.OrganizationState.Active;
import java.time.Instant;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;

/**
 * The public state of an organization at one revision. Contains no key.
 *
 * @param id a UUID
 * @param revision the number of its last persisted event
 * @param standing whether its keys are accepted
 * @param slots number of reserved slots
 * @param keys providers that have a key in the table of secrets, and its current version
 * @param usable providers that instances can use now, in the order of their declaration
 * @param customerId Stripe's customer id; empty if there is none
 * @param subscriptionId Stripe's id of the subscription that has not ended; empty if there is none
 * @param updatedAt time of the last change to its settings
 */
public record OrganizationView(
    String id,
    int revision,
    String name,
    Tier tier,
    Standing standing,
    int slots,
    Map<ModelProvider, String> keys,
    List<ModelProvider> usable,
    Map<ModelProvider, ModelEndpoint> endpoints,
    String customerId,
    String subscriptionId,
    Instant createdAt,
    Instant updatedAt) {
  /**
   * Accepts rows of older versions, which have no standing, no Stripe ids and no versions of keys.
   * The current keys always come from the organization itself, never from its row.
   */
  public OrganizationView {
    standing = Objects.requireNonNullElse(standing, Standing.ACTIVE);
    keys = Objects.requireNonNullElse(keys, Map.of());
    customerId = Objects.requireNonNullElse(customerId, "");
    subscriptionId = Objects.requireNonNullElse(subscriptionId, "");
  }

  /** Returns the configured endpoint; empty if the provider's own is used. */
  public Optional<ModelEndpoint> endpoint(ModelProvider provider) {
    return Optional.ofNullable(endpoints.get(provider));
  }

  static Optional<OrganizationView> of(String id, int revision, OrganizationState state) {
    return switch (state) {
      case OrganizationState.Absent() -> Optional.empty();
      case Active a ->
          Optional.of(
              new OrganizationView(
                  id,
                  revision,
                  a.name(),
                  a.tier(),
                  a.standing(),
                  a.slots().size(),
                  a.keys().versions(),
                  Arrays.stream(ModelProvider.values()).filter(a::canUse).toList(),
                  a.endpoints(),
                  a.billing().customerId().orElse(""),
                  a.billing().present().map(Billing.Subscription::id).orElse(""),
                  a.createdAt(),
                  a.updatedAt()));
    };
  }
}
