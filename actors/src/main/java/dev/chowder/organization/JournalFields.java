package dev.chowder.organization;

import static dev.chowder.base.ErrorText.must;

import dev.chowder.journal.v1.OrganizationEndpointSet;
import dev.chowder.secret.SecretNames;
import java.util.Optional;

/** Converts parts of stored events. */
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

  /** Returns the tier; empty if the label is empty. */
  static Optional<Tier> tierIfSet(String label) {
    return label.isEmpty() ? Optional.empty() : Optional.of(tier(label));
  }

  static String label(Optional<Tier> tier) {
    return tier.map(Tier::label).orElse("");
  }

  static ModelProvider provider(String label) {
    return ModelProvider.ofLabel(label).orElseThrow(() -> unknown("provider", label));
  }

  /**
   * Returns the version of a key. Events from before keys had versions store none; they refer to
   * the unversioned row.
   */
  static String keyVersion(String stored) {
    return stored.isEmpty() ? SecretNames.UNVERSIONED : stored;
  }

  /** Returns the stored form of a key's version. */
  static String storedVersion(String version) {
    return version.equals(SecretNames.UNVERSIONED) ? "" : version;
  }

  private static IllegalStateException unknown(String field, String label) {
    return new IllegalStateException(must(field, "be known to this version of Chowder", label));
  }
}
