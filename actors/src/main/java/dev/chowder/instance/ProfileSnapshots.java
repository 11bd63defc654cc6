package dev.chowder.instance;

import static dev.chowder.actor.ProtoTime.instant;
import static dev.chowder.actor.ProtoTime.stamp;
import static dev.chowder.base.ErrorText.must;

import dev.chowder.journal.v1.InstanceConfigValues;
import dev.chowder.journal.v1.InstanceHomes;
import dev.chowder.journal.v1.InstanceModelChoice;
import dev.chowder.journal.v1.InstanceProfile;
import dev.chowder.journal.v1.InstanceSnapshot;
import dev.chowder.journal.v1.InstanceTokenRotations;
import dev.chowder.journal.v1.InstanceUsedHome;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/** Translates the profiles of instances to and from their form in snapshots. */
final class ProfileSnapshots {
  private ProfileSnapshots() {}

  static InstanceProfile profile(Profile p) {
    var stored =
        InstanceProfile.newBuilder()
            .setOrganizationId(p.organizationId())
            .setName(p.name())
            .setModel(model(p.model()))
            .setSandboxProvider(p.sandboxProvider())
            .setOpenclawVersion(p.openclawVersion())
            .setRegion(p.region())
            .putAllLabels(p.labels())
            .setConfigVersion(p.configVersion())
            .setAppliedVersion(p.appliedVersion())
            .setToken(
                InstanceTokenRotations.newBuilder()
                    .setAsked(p.token().asked())
                    .setDone(p.token().done())
                    .addAllRequests(p.token().requests()))
            .setConfig(
                InstanceConfigValues.newBuilder()
                    .setOverridesVersion(p.config().overrides().version())
                    .setOverridesTaken(
                        p.config().overrides().taken().name().toLowerCase(Locale.ROOT))
                    .putAllChannels(p.config().channels())
                    .addAllAccepted(p.config().accepted()))
            .setHomes(homes(p.homes()))
            .setCreatedAt(stamp(p.createdAt()))
            .setUpdatedAt(stamp(p.updatedAt()))
            .setCreateRequestId(p.createRequestId());
    p.sandbox().ifPresent(ref -> stored.setSandbox(StageJournal.sandbox(ref)));
    return stored.build();
  }

  static Profile profile(InstanceSnapshot stored) {
    if (!stored.hasProfile()) {
      throw new IllegalStateException(must("snapshot", "have a profile in this phase"));
    }
    var p = stored.getProfile();
    // Without this list, a volume in which an agent ran would count as unused and could be removed.
    if (!p.hasHomes()) throw new IllegalStateException(must("snapshot", "have the home volumes"));
    var token = p.getToken();
    return new Profile(
        p.getOrganizationId(),
        p.getName(),
        model(p.getModel()),
        p.getSandboxProvider(),
        p.getOpenclawVersion(),
        p.getRegion(),
        p.getLabelsMap(),
        p.getConfigVersion(),
        p.getAppliedVersion(),
        new TokenRotations(token.getAsked(), token.getDone(), List.copyOf(token.getRequestsList())),
        config(p.getConfig()),
        homes(p.getHomes()),
        p.hasSandbox() ? Optional.of(StageJournal.sandbox(p.getSandbox())) : Optional.empty(),
        instant(p.getCreatedAt()),
        instant(p.getUpdatedAt()),
        p.getCreateRequestId());
  }

  private static InstanceModelChoice model(ModelChoice model) {
    return InstanceModelChoice.newBuilder()
        .setProvider(model.provider())
        .setModel(model.model())
        .setBaseUrl(model.baseUrl())
        .setApi(model.api())
        .build();
  }

  private static ModelChoice model(InstanceModelChoice stored) {
    return new ModelChoice(
        stored.getProvider(), stored.getModel(), stored.getBaseUrl(), stored.getApi());
  }

  private static InstanceHomes homes(Homes homes) {
    var stored =
        InstanceHomes.newBuilder().setGeneration(homes.generation()).setAdopted(homes.adopted());
    for (var used : homes.used()) {
      stored.addUsed(
          InstanceUsedHome.newBuilder()
              .setGeneration(used.generation())
              .setModel(model(used.model())));
    }
    return stored.build();
  }

  private static Homes homes(InstanceHomes stored) {
    return new Homes(
        stored.getGeneration(),
        stored.getUsedList().stream()
            .map(used -> new Homes.Used(used.getGeneration(), model(used.getModel())))
            .toList(),
        stored.getAdopted());
  }

  private static ConfigValues config(InstanceConfigValues stored) {
    return new ConfigValues(
        new ConfigValues.OverridesVersion(
            stored.getOverridesVersion(),
            ConfigValues.Taken.valueOf(stored.getOverridesTaken().toUpperCase(Locale.ROOT))),
        stored.getChannelsMap(),
        stored.getAcceptedList());
  }
}
