package dev.chowder.effect;

import static dev.chowder.base.ErrorText.cannot;

import com.fasterxml.jackson.databind.node.ObjectNode;
import com.google.protobuf.ByteString;
import dev.chowder.gateway.GatewayWork.StageRun;
import dev.chowder.gateway.GatewayWork.WorkFailure;
import dev.chowder.openclaw.config.OpenClawConfig;
import dev.chowder.openclaw.home.OpenClawHome;
import dev.chowder.sandbox.SandboxEngine;
import dev.chowder.sandbox.SandboxId;
import java.util.List;

/** Reads and writes {@code openclaw.json} in home volumes. */
record ConfigFile(SandboxEngine engine) {
  /** OpenClaw's file has a few KiB; it did not write a larger one. */
  static final long MAX_BYTES = 4 * 1024 * 1024;

  /**
   * Returns the configuration in the home volume.
   *
   * @throws WorkFailure if the file is missing or no configuration
   */
  ObjectNode read(SandboxId sandbox) {
    return engine
        .homes()
        .readFile(sandbox, OpenClawHome.CONFIG, MAX_BYTES)
        .map(ConfigFile::parse)
        .orElseThrow(
            () ->
                new WorkFailure(
                    "CONFIG_MISSING",
                    cannot("read openclaw.json", "the file that onboarding writes is missing")));
  }

  void write(SandboxId sandbox, StageRun stageRun, ObjectNode config) {
    engine.homes().writeFiles(sandbox, stageRun.fence(), List.of(OpenClawConfig.file(config)));
  }

  static ObjectNode parse(ByteString file) {
    try {
      return OpenClawConfig.parse(file);
    } catch (IllegalArgumentException why) {
      throw new WorkFailure("CONFIG_BROKEN", String.valueOf(why.getMessage()));
    }
  }
}
