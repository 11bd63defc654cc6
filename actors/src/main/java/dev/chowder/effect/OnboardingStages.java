package dev.chowder.effect;

import dev.chowder.gateway.GatewayTokens;
import dev.chowder.gateway.GatewayWork.Outcome;
import dev.chowder.gateway.GatewayWork.StageRun;
import dev.chowder.gateway.ModelSetups;
import dev.chowder.gateway.ModelSetups.Reachable;
import dev.chowder.gateway.StoredChannels;
import dev.chowder.instance.InstanceId;
import dev.chowder.instance.Stage;
import dev.chowder.openclaw.OpenClawOnboarding;
import dev.chowder.openclaw.config.OpenClawConfig;
import dev.chowder.openclaw.home.OpenClawHome;
import dev.chowder.sandbox.SandboxEngine;
import dev.chowder.sandbox.SandboxId;
import java.util.List;
import java.util.Set;
import java.util.function.UnaryOperator;

/** Runs the stages that write the configuration, the key and the token of a new home volume. */
final class OnboardingStages {
  private final SandboxEngine engine;
  private final SandboxImage image;
  private final OnboardedConfig onboarded;
  private final ModelSetups models;
  private final GatewayTokens tokens;
  private final StoredChannels channels;
  private final UnaryOperator<String> publicUrl;
  private final ConfigFile file;

  /**
   * Creates the stages for one image.
   *
   * @param publicUrl maps an instance's id to its gateway's public URL
   */
  OnboardingStages(
      SandboxEngine engine,
      SandboxImage image,
      OnboardedConfig onboarded,
      ModelSetups models,
      GatewayTokens tokens,
      StoredChannels channels,
      UnaryOperator<String> publicUrl) {
    this.engine = engine;
    this.image = image;
    this.onboarded = onboarded;
    this.models = models;
    this.tokens = tokens;
    this.channels = channels;
    this.publicUrl = publicUrl;
    this.file = new ConfigFile(engine);
  }

  /** Returns whether {@link #onboard} may run OpenClaw. */
  boolean startsOpenClaw() {
    return image.skeleton().get().isEmpty();
  }

  /**
   * Writes the configuration of a new home, except overrides and channels. It includes the work of
   * the next two stages, which run only if a crash or another version of Chowder separates them
   * from this one.
   */
  Outcome onboard(InstanceId id, SandboxId sandbox, StageRun stageRun) throws InterruptedException {
    Reachable model = models.reach(stageRun.organizationId(), stageRun.model());
    var setup = model.setup();
    channels.homeRecreated(id, stageRun.config().channels());
    // The files need a container, and the gateway needs one soon.
    engine.prepare(sandbox, stageRun.fence(), image.gateway(stageRun));
    var skeleton = onboarded.ofImage(sandbox);
    var config =
        skeleton.isPresent()
            ? OpenClawOnboarding.configFrom(skeleton.get(), setup)
            : onboarded.run(id, sandbox, stageRun, setup);
    var url = publicUrl.apply(id.value());
    engine
        .homes()
        .writeFiles(
            sandbox,
            stageRun.fence(),
            OpenClawOnboarding.homeFiles(config, setup, tokens.newOrActive(id), url));
    return (skeleton.isPresent() ? Outcome.prepared() : Outcome.executed())
        .withNote(model.note())
        .preparing(Set.of(Stage.GATEWAY_TOKEN, Stage.RESPONSES_ENDPOINT));
  }

  Outcome requireToken(InstanceId id, SandboxId sandbox, StageRun stageRun) {
    var token = tokens.newOrActive(id);
    var config = file.read(sandbox);
    OpenClawConfig.requireToken(config);
    engine
        .homes()
        .writeFiles(
            sandbox,
            stageRun.fence(),
            List.of(
                OpenClawHome.secretFile(OpenClawHome.GATEWAY_TOKEN, token),
                OpenClawConfig.file(config)));
    return Outcome.executed();
  }

  Outcome openEndpoints(InstanceId id, SandboxId sandbox, StageRun stageRun) {
    var config = file.read(sandbox);
    OpenClawConfig.openEndpoints(config, publicUrl.apply(id.value()));
    file.write(sandbox, stageRun, config);
    return Outcome.executed();
  }
}
