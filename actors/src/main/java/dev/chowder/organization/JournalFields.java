package dev.chowder.organization;

import dev.chowder.journal.v1.OrganizationEndpointSet;
import dev.chowder.secret.SecretNames;
import java.util.Optional;

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

  /** Empty: none. */
  static Optional<Tier> ifTier(String label) {
    return label.isEmpty() ? Optional.empty() : Optional.of(tier(label));
  }

  static String label(Optional<Tier> tier) {
    return tier.map(Tier::label).orElse("");
  }

  static ModelProvider provider(String label) {
    return ModelProvider.ofLabel(label).orElseThrow(() -> unknown("provider", label));
  }

  /**
   * Events and snapshots without versions of keys mean the row that Chowder had before keys had
   * versions.
   */
  static String keyVersion(String stored) {
    return stored.isEmpty() ? SecretNames.UNVERSIONED : stored;
  }

  /** Returns the fields for these versions. */
  static String storedVersion(String version) {
    return version.equals(SecretNames.UNVERSIONED) ? "" : version;
  }

  private static IllegalStateException unknown(String what, String label) {
    return new IllegalStateException(
        "journal: " + what + ": " + label + " (expected: one that this version knows)");
  }
}
