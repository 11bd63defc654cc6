package dev.chowder.instance;

import dev.chowder.sandbox.HomeRef;
import dev.chowder.sandbox.ImageVariant;
import dev.chowder.sandbox.SandboxRef;
import dev.chowder.secret.SecretNames;
import java.time.Instant;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;

/**
 * The data of an instance that all its phases share.
 *
 * @param sandboxImage variant of the sandbox image, which the next boot uses
 * @param configVersion number of changes of overrides or channels; 0 if there were none
 * @param appliedVersion the last of these changes that the gateway's file contains
 * @param token the rotations of its gateway's token
 * @param config the versions of its configuration values
 * @param homes its home volumes
 * @param sandbox its current sandbox; empty if none was created yet, or if an older version created
 *     it. The sandbox then has the id that is derived from the instance's id.
 * @param pendingSince the time since which the current effect is pending; without meaning if none
 *     is
 * @param createRequestId the id of the request that created it; empty if an older version did
 */
public record Profile(
    String organizationId,
    String name,
    ModelChoice model,
    String sandboxProvider,
    String sandboxImage,
    String openclawVersion,
    String region,
    Map<String, String> labels,
    int configVersion,
    int appliedVersion,
    TokenRotations token,
    ConfigValues config,
    Homes homes,
    Optional<SandboxRef> sandbox,
    Instant createdAt,
    Instant updatedAt,
    Instant pendingSince,
    String createRequestId) {
  /** Creates a profile. Rows of older versions lack the components that get a default here. */
  public Profile {
    labels = Map.copyOf(labels);
    sandboxImage = Objects.requireNonNullElse(sandboxImage, ImageVariant.SMALL);
    token = Objects.requireNonNullElse(token, TokenRotations.NONE);
    config = Objects.requireNonNullElseGet(config, () -> unversioned(configVersion));
    homes = Objects.requireNonNullElse(homes, Homes.NONE);
    pendingSince = Objects.requireNonNullElse(pendingSince, updatedAt);
    createRequestId = Objects.requireNonNullElse(createRequestId, "");
  }

  /**
   * Returns the values for a row of an older version. Such a row does not show whether the instance
   * has overrides, but without a change it has none.
   */
  private static ConfigValues unversioned(int configVersion) {
    return configVersion == 0
        ? ConfigValues.NONE
        : ConfigValues.NONE.withOverrides(SecretNames.UNVERSIONED);
  }

  /** Returns the home volume of the current sandbox; empty if the journal does not name one. */
  public Optional<HomeRef> home() {
    return sandbox.map(ref -> new HomeRef(ref, homes.generation()));
  }

  /** Returns whether a change is not yet applied. */
  public boolean configPending() {
    return configVersion > appliedVersion;
  }

  Profile at(Instant now) {
    return with(name, labels, configVersion, appliedVersion, token, config, now, pendingSince);
  }

  /** Returns the profile of an instance whose effect is pending since a time. */
  Profile withPendingSince(Instant since) {
    return with(name, labels, configVersion, appliedVersion, token, config, updatedAt, since);
  }

  /**
   * Returns the profile after this change was applied in the home volume.
   *
   * @param version the change; 0 if none was applied
   * @param overrides version of the overrides that were part of it; empty if none were
   * @param taken outcome of the overrides
   */
  Profile applied(int version, String overrides, ConfigValues.Taken taken) {
    return with(
        name,
        labels,
        configVersion,
        Math.max(appliedVersion, version),
        token,
        overrides.isEmpty() ? config : config.taken(overrides, taken));
  }

  /**
   * Returns the profile with a new home volume, in which nothing is applied yet. Its sandbox is not
   * known before the engine creates it.
   */
  Profile withNewHome(ModelChoice newModel, int generation) {
    return in(homes.afterCreation(generation), Optional.empty(), newModel, 0);
  }

  /**
   * Returns the profile with an existing home volume. If another volume had replaced it, the
   * configuration counts as not applied.
   */
  Profile withHome(int generation, ModelChoice itsModel) {
    var adopted = homes.afterAdoption(generation, itsModel);
    return in(adopted, sandbox, itsModel, adopted.adopted() ? 0 : appliedVersion);
  }

  /** Returns the profile after an agent ran in the current home volume. */
  Profile afterAgentRan() {
    return in(homes.afterAgentRan(model), sandbox, model, appliedVersion);
  }

  /** Returns the profile with the sandbox and the home volumes of the claimed pool member. */
  Profile withSandboxOf(Profile member) {
    return in(member.homes, member.sandbox, model, appliedVersion);
  }

  /** Returns the profile after a stage, which may have created the sandbox. */
  Profile withSandbox(InstanceEvent.StageFinished event) {
    return event.sandbox().isEmpty() ? this : in(homes, event.sandbox(), model, appliedVersion);
  }

  private Profile in(
      Homes newHomes, Optional<SandboxRef> newSandbox, ModelChoice newModel, int applied) {
    return new Profile(
        organizationId,
        name,
        newModel,
        sandboxProvider,
        sandboxImage,
        openclawVersion,
        region,
        labels,
        configVersion,
        applied,
        token,
        config,
        newHomes,
        newSandbox,
        createdAt,
        updatedAt,
        pendingSince,
        createRequestId);
  }

  /** Returns the profile after its configuration was changed to these values. */
  Profile reconfigured(ConfigValues values) {
    return with(name, labels, configVersion + 1, appliedVersion, token, values);
  }

  /** Returns the profile after a change of its name, labels, image or overrides. */
  Profile updated(InstanceEvent.Updated change) {
    var values = change.overrides().isEmpty() ? config : config.withOverrides(change.overrides());
    return new Profile(
        organizationId,
        change.name().orElse(name),
        model,
        sandboxProvider,
        change.sandboxImage().orElse(sandboxImage),
        openclawVersion,
        region,
        change.labels().orElse(labels),
        change.overrides().isEmpty() ? configVersion : configVersion + 1,
        appliedVersion,
        token,
        values,
        homes,
        sandbox,
        createdAt,
        change.at(),
        pendingSince,
        createRequestId);
  }

  Profile with(TokenRotations rotations) {
    return with(name, labels, configVersion, appliedVersion, rotations, config);
  }

  private Profile with(
      String name,
      Map<String, String> labels,
      int configVersion,
      int appliedVersion,
      TokenRotations token,
      ConfigValues config) {
    return with(
        name, labels, configVersion, appliedVersion, token, config, updatedAt, pendingSince);
  }

  private Profile with(
      String name,
      Map<String, String> labels,
      int configVersion,
      int appliedVersion,
      TokenRotations token,
      ConfigValues config,
      Instant updatedAt,
      Instant pendingSince) {
    return new Profile(
        organizationId,
        name,
        model,
        sandboxProvider,
        sandboxImage,
        openclawVersion,
        region,
        labels,
        configVersion,
        appliedVersion,
        token,
        config,
        homes,
        sandbox,
        createdAt,
        updatedAt,
        pendingSince,
        createRequestId);
  }
}
