package dev.chowder.instance;

import dev.chowder.journal.v1.InstanceCreated;
import dev.chowder.journal.v1.InstanceUpdated;
import dev.chowder.sandbox.ImageVariant;
import java.time.Instant;
import java.util.Map;
import java.util.Optional;

/** Converts the profile of a new instance, and its changes, to and from their stored form. */
final class ProfileJournal {
  private ProfileJournal() {}

  static InstanceCreated created(Profile p) {
    return InstanceCreated.newBuilder()
        .setOrganizationId(p.organizationId())
        .setName(p.name())
        .setModelProvider(p.model().provider())
        .setModel(p.model().model())
        .setModelBaseUrl(p.model().baseUrl())
        .setModelApi(p.model().api())
        .setSandboxProvider(p.sandboxProvider())
        .setSandboxImage(p.sandboxImage())
        .setOpenclawVersion(p.openclawVersion())
        .setRegion(p.region())
        .putAllLabels(p.labels())
        .setConfigured(p.configVersion() > 0)
        .setOverridesVersion(p.config().overrides().version())
        .setGeneration(p.homes().generation())
        .build();
  }

  static Profile profile(InstanceCreated e, String requestId, Instant at) {
    return new Profile(
        e.getOrganizationId(),
        e.getName(),
        new ModelChoice(e.getModelProvider(), e.getModel(), e.getModelBaseUrl(), e.getModelApi()),
        e.getSandboxProvider(),
        e.getSandboxImage().isEmpty() ? ImageVariant.SMALL : e.getSandboxImage(),
        e.getOpenclawVersion(),
        e.getRegion(),
        e.getLabelsMap(),
        e.getConfigured() ? 1 : 0,
        0,
        TokenRotations.NONE,
        ConfigValues.ofNew(
            e.getConfigured() ? InstanceJournal.version(e.getOverridesVersion()) : ""),
        Homes.NONE.afterCreation(e.getGeneration()),
        Optional.empty(),
        at,
        at,
        at,
        requestId);
  }

  static InstanceUpdated stored(InstanceEvent.Updated e) {
    return InstanceUpdated.newBuilder()
        .setName(e.name().orElse(""))
        .setRelabelled(e.labels().isPresent())
        .putAllLabels(e.labels().orElse(Map.of()))
        .setSandboxImage(e.sandboxImage().orElse(""))
        .setReconfigured(!e.overrides().isEmpty())
        .setOverridesVersion(e.overrides())
        .build();
  }

  static InstanceEvent.Updated updated(InstanceUpdated e, String keyId, Instant at) {
    return new InstanceEvent.Updated(
        keyId,
        InstanceJournal.filled(e.getName()),
        e.getRelabelled() ? Optional.of(Map.copyOf(e.getLabelsMap())) : Optional.empty(),
        InstanceJournal.filled(e.getSandboxImage()),
        e.getReconfigured() ? InstanceJournal.version(e.getOverridesVersion()) : "",
        at);
  }
}
