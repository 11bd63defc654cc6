package dev.chowder.server.instance;

import static dev.chowder.actor.ProtoTime.stamp;

import com.google.protobuf.Struct;
import dev.chowder.api.v1.Instance;
import dev.chowder.api.v1.InstanceStatus;
import dev.chowder.api.v1.Stage;
import dev.chowder.gateway.Overrides;
import dev.chowder.instance.ConfigValues.OverridesVersion;
import dev.chowder.instance.InstanceId;
import dev.chowder.instance.InstanceStatus.Name;
import dev.chowder.instance.InstanceView;
import dev.chowder.instance.Sleep;
import dev.chowder.instance.StageRecord;
import dev.chowder.sandbox.SandboxId;
import dev.chowder.sandbox.SandboxRef;
import dev.chowder.server.request.StructJson;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.UnaryOperator;
import java.util.stream.Collectors;

/**
 * Builds messages of the API from views of instances.
 *
 * @param gatewayUrl returns the public URL of the gateway of an instance
 * @param maxPageConfigBytes limit of the bytes of the overrides in a page
 */
public record InstancePresenter(
    UnaryOperator<String> gatewayUrl, Overrides overrides, long maxPageConfigBytes) {
  /** Returns the whole instance, with its overrides, masked. */
  public Instance instance(InstanceView view) {
    return instances(List.of(view)).getFirst();
  }

  /**
   * Returns the longest beginning of these views whose overrides fit into a page, and at least one
   * view.
   */
  List<InstanceView> beginning(List<InstanceView> views) {
    var sizes = overrides.sizes(holding(views));
    if (sizes.isEmpty()) return views;
    long bytes = 0;
    for (int i = 0; i < views.size(); i++) {
      bytes += sizes.getOrDefault(views.get(i).id(), 0L);
      if (bytes > maxPageConfigBytes && i > 0) return views.subList(0, i);
    }
    return views;
  }

  private static Map<InstanceId, OverridesVersion> holding(List<InstanceView> views) {
    // A damaged table may show one instance twice until its rows are repaired.
    return views.stream()
        .collect(
            Collectors.toMap(
                InstanceView::id, view -> view.profile().config().overrides(), (one, _) -> one));
  }

  /** Returns whole instances. Reads the overrides of all with one query. */
  List<Instance> instances(List<InstanceView> views) {
    var configs = overrides.shown(holding(views));
    return views.stream()
        .map(
            view ->
                instance(
                    view, Optional.ofNullable(configs.get(view.id())).map(StructJson::toStruct)))
        .toList();
  }

  private Instance instance(InstanceView view, Optional<Struct> config) {
    var profile = view.profile();
    var shown =
        Instance.newBuilder()
            .setId(view.id().value())
            .setOrganizationId(profile.organizationId())
            .setName(profile.name())
            .setStatus(status(view.status().now()))
            .setDesiredStatus(status(view.status().desired()))
            .setModelProvider(profile.model().provider())
            .setModel(profile.model().model())
            .setSandboxProvider(profile.sandboxProvider())
            .setSandboxImage(profile.sandboxImage())
            .setOpenclawVersion(profile.openclawVersion())
            .setRegion(profile.region())
            .setCreatedAt(stamp(profile.createdAt()))
            .setUpdatedAt(stamp(profile.updatedAt()))
            .putAllLabels(profile.labels())
            .setRevision(view.revision());
    config.ifPresent(shown::setOpenclawConfig);
    if (view.hasSandbox()) shown.setSandboxId(sandboxId(view));
    if (view.ranBefore()) shown.setGatewayUrl(gatewayUrl(view.id()));
    view.errorMessage().ifPresent(shown::setErrorMessage);
    view.errorReason().ifPresent(shown::setErrorReason);
    view.servedBy().map(Instance.ServedBy::valueOf).ifPresent(shown::setServedBy);
    view.sleep().ifPresent(sleep -> setSleep(shown, sleep));
    view.stages().forEach(record -> shown.addStages(stage(record)));
    view.stage()
        .ifPresent(
            name -> {
              shown.setStage(name);
              view.stageSince()
                  .ifPresent(
                      since ->
                          shown.addStages(
                              Stage.newBuilder().setName(name).setStartedAt(stamp(since))));
            });
    return shown.build();
  }

  /** Instances of earlier versions have no reference of their sandbox. */
  private static String sandboxId(InstanceView view) {
    return view.profile()
        .sandbox()
        .map(SandboxRef::id)
        .orElseGet(() -> SandboxId.ofInstance(view.id().value()).value());
  }

  /** Returns the status only, for clients that poll. */
  public InstanceStatus status(InstanceView view) {
    var shown =
        InstanceStatus.newBuilder()
            .setId(view.id().value())
            .setStatus(status(view.status().now()))
            .setRevision(view.revision());
    if (view.ranBefore()) shown.setGatewayUrl(gatewayUrl(view.id()));
    view.stage().ifPresent(shown::setStage);
    return shown.build();
  }

  /** Returns the public URL of the gateway of an instance. */
  public String gatewayUrl(InstanceId id) {
    return gatewayUrl.apply(id.value());
  }

  private static void setSleep(Instance.Builder shown, Sleep sleep) {
    shown.setSleepLevel(Instance.SleepLevel.valueOf(sleep.level().label()));
    if (sleep.memory().residentBytes() > 0) {
      shown.setMemoryBytes((double) sleep.memory().residentBytes());
    }
    if (sleep.memory().swappedBytes() > 0)
      shown.setSwapBytes((double) sleep.memory().swappedBytes());
  }

  static Stage stage(StageRecord record) {
    var shown =
        Stage.newBuilder()
            .setName(record.stage().label())
            .setStartedAt(stamp(record.startedAt()))
            .setDurationMs(record.durationMs())
            .setOutcome(
                switch (record.outcome()) {
                  case EXECUTED -> Stage.Outcome.executed;
                  case PREPARED -> Stage.Outcome.prepared;
                  case SKIPPED -> Stage.Outcome.skipped;
                  case FAILED -> Stage.Outcome.failed;
                });
    if (!record.note().isEmpty()) shown.setNote(record.note());
    return shown.build();
  }

  private static Instance.Status status(Name name) {
    return switch (name) {
      case PROVISIONING -> Instance.Status.provisioning;
      case RUNNING -> Instance.Status.running;
      case STOPPED -> Instance.Status.stopped;
      case TERMINATED -> Instance.Status.terminated;
      case ERROR -> Instance.Status.error;
      case WARMING, POOLED -> throw new IllegalStateException("a pool member is never shown");
    };
  }
}
