package dev.chowder.organization;

import dev.chowder.journal.v1.OrganizationEndpointSet;

/** The parts that stored events and snapshots have in common. */
final class JournalFields {
  private JournalFields() {}

  static OrganizationEndpointSet endpoint(ModelProvider provider, ModelEndpoint endpoint) {
    return OrganizationEndpointSet.newBuilder()
        .setProvider(provider.label())
        .setBaseUrl(endpoint.baseUrl())
        .setModel(endpoint.model())
        .setApi(endpoint.api())
        .build();
  }

  static ModelEndpoint endpoint(OrganizationEndpointSet stored) {
    return new ModelEndpoint(stored.getBaseUrl(), stored.getModel(), stored.getApi());
  }

  static Tier tier(String label) {
    return Tier.ofLabel(label).orElseThrow(() -> unknown("tier", label));
  }

  static ModelProvider provider(String label) {
    return ModelProvider.ofLabel(label).orElseThrow(() -> unknown("provider", label));
  }

  private static IllegalStateException unknown(String what, String label) {
    return new IllegalStateException(
        "journal: " + what + ": " + label + " (expected: one that this version knows)");
  }
}
