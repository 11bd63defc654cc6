package dev.chowder.effect;

import dev.chowder.gateway.GatewayWork.StageRun;
import dev.chowder.instance.Homes;
import dev.chowder.instance.InstanceEffect;
import dev.chowder.instance.InstanceEffect.RunStages;
import dev.chowder.instance.ModelChoice;
import dev.chowder.instance.Sleep;
import dev.chowder.instance.Stage;
import dev.chowder.instance.WantedConfig;
import dev.chowder.sandbox.ImageVariant;
import java.util.List;

/** Runs of stages of one organization, in the sandbox image without additions. */
final class StageRuns {
  private StageRuns() {}

  static StageRun of(
      Stage stage, int attempt, ModelChoice model, WantedConfig config, Homes homes, Sleep sleep) {
    return new StageRun(stage, attempt, "org", ImageVariant.SMALL, model, config, homes, sleep);
  }

  static RunStages plan(
      InstanceEffect.Purpose purpose,
      List<Stage> stages,
      int attempt,
      String organizationId,
      WantedConfig config,
      Sleep sleep) {
    var model = new ModelChoice("custom", "demo", "", "");
    return new RunStages(
        purpose,
        stages,
        attempt,
        organizationId,
        ImageVariant.SMALL,
        model,
        config,
        Homes.FIRST,
        sleep);
  }
}
