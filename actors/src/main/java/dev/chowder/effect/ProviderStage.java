package dev.chowder.effect;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.chowder.gateway.GatewayWork.StageRun;
import dev.chowder.gateway.GatewayWork.WorkFailure;
import dev.chowder.gateway.ModelSetups;
import dev.chowder.openclaw.OpenClawOnboarding;
import dev.chowder.openclaw.config.OpenClawConfig;
import dev.chowder.openclaw.home.OpenClawHome;
import dev.chowder.openclaw.model.ModelSetup;
import dev.chowder.sandbox.SandboxEngine;
import dev.chowder.sandbox.SandboxException;
import dev.chowder.sandbox.SandboxFile;
import dev.chowder.sandbox.SandboxId;
import dev.chowder.secret.Secret;
import java.util.ArrayList;
import java.util.Optional;

/**
 * Writes the provider's key and endpoint that an organization has now into a home volume, before
 * its gateway boots. Onboarding wrote those of its time.
 */
record ProviderStage(SandboxEngine engine, ModelSetups models, ConfigFile file) {
  /** A longer key is not valid, so Chowder did not write the file. */
  private static final long MAX_KEY_BYTES = 4096;

  /** Returns a note for callers; empty if the agent can use its model. */
  String apply(SandboxId sandbox, StageRun stageRun) {
    var current = models.current(stageRun.organizationId(), stageRun.model());
    var key = current.setup().flatMap(ModelSetup::key).orElse(OpenClawOnboarding.NO_KEY);
    var changed = new ArrayList<SandboxFile>();
    if (!isWritten(sandbox, key)) {
      changed.add(OpenClawHome.secretFile(OpenClawHome.PROVIDER_KEY, key));
    }
    var note = current.note();
    try {
      current
          .setup()
          .flatMap(setup -> changedConfig(sandbox, setup))
          .map(OpenClawConfig::file)
          .ifPresent(changed::add);
    } catch (WorkFailure | UnsupportedOperationException broken) {
      // The agent owns the file. OpenClaw may have a copy from which it boots.
      note = "openclaw.json is not valid, so a changed endpoint of the provider is not applied";
    }
    if (!changed.isEmpty()) engine.homes().writeFiles(sandbox, stageRun.fence(), changed);
    return note;
  }

  private boolean isWritten(SandboxId sandbox, Secret key) {
    try {
      return engine
          .homes()
          .readFile(sandbox, OpenClawHome.PROVIDER_KEY, MAX_KEY_BYTES)
          .filter(written -> written.toStringUtf8().equals(key.reveal()))
          .isPresent();
    } catch (SandboxException why) {
      if (why.reason() == SandboxException.Reason.FILE_REFUSED) return false;
      throw why;
    }
  }

  private Optional<ObjectNode> changedConfig(SandboxId sandbox, ModelSetup setup) {
    var config = file.read(sandbox);
    var before = config.deepCopy();
    OpenClawOnboarding.useProvider(config, setup);
    return config.equals(before) ? Optional.empty() : Optional.of(config);
  }
}
