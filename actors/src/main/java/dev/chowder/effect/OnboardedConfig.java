package dev.chowder.effect;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.chowder.gateway.CrashCause;
import dev.chowder.gateway.GatewayWork.StageRun;
import dev.chowder.gateway.GatewayWork.WorkFailure;
import dev.chowder.instance.InstanceId;
import dev.chowder.openclaw.OpenClawOnboarding;
import dev.chowder.openclaw.home.OpenClawHome;
import dev.chowder.openclaw.model.ModelSetup;
import dev.chowder.sandbox.SandboxEngine;
import dev.chowder.sandbox.SandboxId;
import java.util.Optional;

/** Obtains the configuration that onboarding writes, from the image or by running onboarding. */
record OnboardedConfig(
    SandboxEngine engine, SandboxImage image, GatewayOutput output, EffectSettings settings) {
  /**
   * Returns the configuration that onboarding wrote into the image; empty if the image has none.
   * The home volume has a copy, which is only for this agent: if this stage is repeated after a
   * crash, the agent may have run and changed it.
   */
  Optional<ObjectNode> ofImage(SandboxId sandbox) {
    return image
        .skeleton()
        .get()
        .or(() -> engine.homes().readFile(sandbox, OpenClawHome.SKELETON, ConfigFile.MAX_BYTES))
        .map(ConfigFile::parse);
  }

  /** Runs {@code openclaw onboard} and returns the configuration that it wrote. */
  ObjectNode run(InstanceId id, SandboxId sandbox, StageRun stageRun, ModelSetup setup)
      throws InterruptedException {
    var task = image.task(stageRun, OpenClawOnboarding.command(), OpenClawOnboarding.files(setup));
    var result =
        engine.tasks().run(sandbox, stageRun.fence(), task, settings.stageLimit(stageRun.stage()));
    if (result.outOfMemory()) {
      throw new WorkFailure(
          "OUT_OF_MEMORY",
          "openclaw onboard was killed because the sandbox reached its memory limit");
    }
    if (result.exitCode() != 0) {
      throw new WorkFailure(
          CrashCause.reportsDiskFull(result.output()) ? "NO_SPACE" : "ONBOARD_FAILED",
          "openclaw onboard ended with exit code "
              + result.exitCode()
              + "; its last lines: "
              + output.tail(id, stageRun, result.output()));
    }
    return new ConfigFile(engine).read(sandbox);
  }
}
