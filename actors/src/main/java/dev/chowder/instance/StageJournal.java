package dev.chowder.instance;

import static dev.chowder.actor.ProtoTime.instant;
import static dev.chowder.actor.ProtoTime.stamp;

import dev.chowder.journal.v1.InstanceSandboxRef;
import dev.chowder.journal.v1.InstanceStageFinished;
import dev.chowder.sandbox.SandboxRef;
import java.time.Instant;
import java.util.Locale;
import java.util.Optional;

/** Translates finished stages to and from their stored form. */
final class StageJournal {
  private StageJournal() {}

  static InstanceStageFinished stageFinished(InstanceEvent.StageFinished e) {
    var stored =
        InstanceStageFinished.newBuilder()
            .setAttempt(e.attempt())
            .setStage(e.done().stage().label())
            .setOutcome(e.done().outcome().name().toLowerCase(Locale.ROOT))
            .setStartedAt(stamp(e.done().startedAt()))
            .setDurationMs(e.done().durationMs())
            .setNote(e.done().note())
            .setEndpoint(e.endpoint().orElse(""))
            .setConfigVersion(e.configVersion())
            .setOverridesVersion(e.overrides())
            .setThawed(e.thawed());
    e.sandbox().ifPresent(ref -> stored.setSandbox(sandbox(ref)));
    return stored.build();
  }

  static InstanceEvent.StageFinished stageFinished(InstanceStageFinished e, Instant at) {
    return new InstanceEvent.StageFinished(
        e.getAttempt(),
        new StageRecord(
            Stage.ofLabel(e.getStage()),
            StageRecord.Outcome.valueOf(e.getOutcome().toUpperCase(Locale.ROOT)),
            instant(e.getStartedAt()),
            (int) e.getDurationMs(),
            e.getNote()),
        e.getEndpoint().isEmpty() ? Optional.empty() : Optional.of(e.getEndpoint()),
        e.getConfigVersion(),
        e.getOverridesVersion(),
        e.getThawed(),
        e.hasSandbox() ? Optional.of(sandbox(e.getSandbox())) : Optional.empty(),
        at);
  }

  static InstanceSandboxRef sandbox(SandboxRef ref) {
    return InstanceSandboxRef.newBuilder()
        .setEngine(ref.engine())
        .setHost(ref.host())
        .setId(ref.id())
        .build();
  }

  static SandboxRef sandbox(InstanceSandboxRef stored) {
    return new SandboxRef(stored.getEngine(), stored.getHost(), stored.getId());
  }
}
