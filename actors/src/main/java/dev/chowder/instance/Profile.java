package dev.chowder.instance;

import dev.chowder.secret.SecretNames;
import java.time.Instant;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What an instance is, in every phase of its life.
 *
 * @param configVersion how often overrides or channels were set; 0 if there are none
 * @param appliedVersion the last of those changes that the gateway's file has
 * @param token how often another token for its gateway was requested
 * @param config the values that the configuration consists of
 * @param homes its home volumes
 * @param createRequestId the id of the request that created it; empty if an older version did
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
    TokenRotations token,
    ConfigValues config,
    Homes homes,
    Instant createdAt,
    Instant updatedAt,
    String createRequestId) {
  /** A row of an older version has no rotations, no values, no homes and no request id. */
  public Profile(
      String organizationId,
      String name,
      ModelChoice model,
      String sandboxProvider,
      String openclawVersion,
      String region,
      Map<String, String> labels,
      int configVersion,
      int appliedVersion,
      @Nullable TokenRotations token,
      @Nullable ConfigValues config,
      @Nullable Homes homes,
      Instant createdAt,
      Instant updatedAt,
      @Nullable String createRequestId) {
    this.organizationId = organizationId;
    this.name = name;
    this.model = model;
    this.sandboxProvider = sandboxProvider;
    this.openclawVersion = openclawVersion;
    this.region = region;
    this.labels = Map.copyOf(labels);
    this.configVersion = configVersion;
    this.appliedVersion = appliedVersion;
    this.token = token == null ? TokenRotations.NONE : token;
    this.config = config == null ? unversioned(configVersion) : config;
    this.homes = homes == null ? Homes.NONE : homes;
    this.createdAt = createdAt;
    this.updatedAt = updatedAt;
    this.createRequestId = createRequestId == null ? "" : createRequestId;
  }

  /**
   * A row of an older version does not show whether it has overrides; without a change it has none.
   */
  private static ConfigValues unversioned(int configVersion) {
    return configVersion == 0
        ? ConfigValues.NONE
        : ConfigValues.NONE.withOverrides(SecretNames.UNVERSIONED);
  }

  public boolean configPending() {
    return configVersion > appliedVersion;
  }

  Profile at(Instant now) {
    return with(name, labels, configVersion, appliedVersion, token, config, now);
  }

  /**
   * Returns the profile after the home got its configuration up to this change.
   *
   * @param overrides the overrides in it; empty if none were
   * @param taken their outcome
   */
  Profile applied(int version, String overrides, ConfigValues.Taken taken) {
    return with(
        name,
        labels,
        configVersion,
        Math.max(appliedVersion, version),
        token,
        overrides.isEmpty() ? config : config.taken(overrides, taken),
        updatedAt);
  }

  /** For a home that is made anew: nothing is applied in it yet. */
  Profile anew(ModelChoice newModel, int generation) {
    return in(homes.made(generation), newModel, 0);
  }

  /** For an existing home, which lacks the configuration that another one was given. */
  Profile taking(int generation, ModelChoice itsModel) {
    var taken = homes.taken(generation, itsModel);
    return in(taken, itsModel, taken.adopted() ? 0 : appliedVersion);
  }

  /** An agent runs in its home. */
  Profile ran() {
    return in(homes.ranWith(model), model, appliedVersion);
  }

  private Profile in(Homes newHomes, ModelChoice newModel, int applied) {
    return new Profile(
        organizationId,
        name,
        newModel,
        sandboxProvider,
        openclawVersion,
        region,
        labels,
        configVersion,
        applied,
        token,
        config,
        newHomes,
        createdAt,
        updatedAt,
        createRequestId);
  }

  /** Returns the profile after its configuration was changed to these values. */
  Profile reconfigured(ConfigValues values) {
    return with(name, labels, configVersion + 1, appliedVersion, token, values, updatedAt);
  }

  Profile updated(String newName, Map<String, String> newLabels) {
    return with(newName, newLabels, configVersion, appliedVersion, token, config, updatedAt);
  }

  Profile with(TokenRotations rotations) {
    return with(name, labels, configVersion, appliedVersion, rotations, config, updatedAt);
  }

  private Profile with(
      String name,
      Map<String, String> labels,
      int configVersion,
      int appliedVersion,
      TokenRotations token,
      ConfigValues config,
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
        token,
        config,
        homes,
        createdAt,
        updatedAt,
        createRequestId);
  }
}
