package dev.chowder.instance;

import java.time.Instant;
import java.util.Map;

/**
 * What an instance is, in every phase of its life.
 *
 * @param configVersion how often the overrides were set; 0: there are none
 * @param appliedVersion up to which of those the gateway's file has them
 */
public record Profile(
    String organizationId,
    String name,
    ModelChoice model,
    String sandboxProvider,
    String openclawVersion,
    String region,
    Map<String, String> labels,
    int configVersion,
    int appliedVersion,
    Instant createdAt,
    Instant updatedAt) {
  public Profile {
    labels = Map.copyOf(labels);
  }

  public boolean configOwed() {
    return configVersion > appliedVersion;
  }

  Profile at(Instant now) {
    return with(name, labels, configVersion, appliedVersion, now);
  }

  Profile applied(int version) {
    return with(name, labels, configVersion, Math.max(appliedVersion, version), updatedAt);
  }

  /** For a home that is made anew: nothing is applied in it yet. */
  Profile anew(ModelChoice newModel) {
    return new Profile(
        organizationId,
        name,
        newModel,
        sandboxProvider,
        openclawVersion,
        region,
        labels,
        configVersion,
        0,
        createdAt,
        updatedAt);
  }

  Profile updated(String newName, Map<String, String> newLabels, boolean reconfigured) {
    return with(
        newName, newLabels, configVersion + (reconfigured ? 1 : 0), appliedVersion, updatedAt);
  }

  private Profile with(
      String name,
      Map<String, String> labels,
      int configVersion,
      int appliedVersion,
      Instant updatedAt) {
    return new Profile(
        organizationId,
        name,
        model,
        sandboxProvider,
        openclawVersion,
        region,
        labels,
        configVersion,
        appliedVersion,
        createdAt,
        updatedAt);
  }
}
