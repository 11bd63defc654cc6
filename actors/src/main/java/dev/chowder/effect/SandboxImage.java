package dev.chowder.effect;

import com.google.protobuf.ByteString;
import dev.chowder.gateway.GatewayWork.StageRun;
import dev.chowder.openclaw.home.OpenClawHome;
import dev.chowder.sandbox.ImageVariant;
import dev.chowder.sandbox.ProcessSpec;
import dev.chowder.sandbox.SandboxFile;
import dev.chowder.sandbox.SandboxId;
import dev.chowder.sandbox.SandboxResources;
import dev.chowder.sandbox.SandboxSpec;
import dev.chowder.sandbox.TaskSpec;
import java.util.List;
import java.util.Optional;
import java.util.function.Supplier;

/**
 * The image of the sandboxes, and what runs from it.
 *
 * @param snapshot name of the image of the variant {@code small}
 * @param resources resources of each sandbox
 * @param skeleton returns the configuration that onboarding wrote into the image; empty if that is
 *     not known
 */
public record SandboxImage(
    String snapshot, SandboxResources resources, Supplier<Optional<ByteString>> skeleton) {
  /** Returns the sandbox of an instance. */
  SandboxSpec sandbox(SandboxId sandbox, StageRun stageRun) {
    return new SandboxSpec(
        sandbox,
        stageRun.organizationId(),
        image(stageRun),
        stageRun.homes().generation(),
        resources);
  }

  /** Returns the process of a gateway. */
  ProcessSpec gateway(StageRun stageRun) {
    return new ProcessSpec(
        image(stageRun),
        stageRun.organizationId(),
        OpenClawHome.GATEWAY_COMMAND,
        OpenClawHome.GATEWAY_ENVIRONMENT,
        OpenClawHome.GATEWAY_PORT,
        resources);
  }

  /** Returns a command that runs with the home volume, and ends. */
  TaskSpec task(StageRun stageRun, List<String> command, List<SandboxFile> files) {
    return new TaskSpec(image(stageRun), stageRun.organizationId(), command, files, resources);
  }

  private String image(StageRun stageRun) {
    return ImageVariant.image(snapshot, stageRun.sandboxImage());
  }
}
