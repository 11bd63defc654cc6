package dev.chowder.instance;

import java.time.Instant;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What an instance is, in every phase of its life.
 *
 * @param configVersion how often overrides or channels were set; 0: there are none
 * @param appliedVersion up to which of those the gateway's file has them
 * @param token how often another token for its gateway was asked for
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
    Instant createdAt,
    Instant updatedAt,
    String createRequestId) {
  /** A row of an older version has neither rotations nor a request id. */
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
    this.createdAt = createdAt;
    this.updatedAt = updatedAt;
    this.createRequestId = createRequestId == null ? "" : createRequestId;
  }

  public boolean configOwed() {
    return configVersion > appliedVersion;
  }

  Profile at(Instant now) {
    return with(name, labels, configVersion, appliedVersion, token, now);
  }

  Profile applied(int version) {
    return with(name, labels, configVersion, Math.max(appliedVersion, version), token, updatedAt);
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
        token,
        createdAt,
        updatedAt,
        createRequestId);
  }

  /** Its configuration is to be changed by something else than its overrides. */
  Profile reconfigured() {
    return updated(name, labels, true);
  }

  Profile updated(String newName, Map<String, String> newLabels, boolean reconfigured) {
    return with(
        newName,
        newLabels,
        configVersion + (reconfigured ? 1 : 0),
        appliedVersion,
        token,
        updatedAt);
  }

  Profile with(TokenRotations rotations) {
    return with(name, labels, configVersion, appliedVersion, rotations, updatedAt);
  }

  private Profile with(
      String name,
      Map<String, String> labels,
      int configVersion,
      int appliedVersion,
      TokenRotations token,
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
        createdAt,
        updatedAt,
        createRequestId);
  }
}
