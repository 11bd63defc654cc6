package dev.chowder.sandbox.docker;

import com.github.dockerjava.api.DockerClient;
import com.github.dockerjava.api.command.CreateContainerCmd;
import com.github.dockerjava.api.command.InspectVolumeResponse;
import com.github.dockerjava.api.model.Capability;
import com.github.dockerjava.api.model.HostConfig;
import com.github.dockerjava.api.model.Mount;
import com.github.dockerjava.api.model.MountType;
import com.github.dockerjava.api.model.VolumeOptions;
import dev.chowder.sandbox.SandboxId;
import java.util.List;

/**
 * The parts that all containers have in which Chowder reaches a home beside the agent's: the home,
 * no network, no capabilities, a read-only root and limits. Does not know what runs in them.
 */
final class DockerHelperSpec {
  private final DockerSandboxSettings settings;
  private final SandboxId id;
  private final InspectVolumeResponse home;
  private final String role;

  DockerHelperSpec(
      DockerSandboxSettings settings, SandboxId id, InspectVolumeResponse home, String role) {
    this.settings = settings;
    this.id = id;
    this.home = home;
    this.role = role;
  }

  CreateContainerCmd create(DockerClient docker) {
    return docker
        // Not the home's own image, which may have been removed since: a home outlives it.
        .createContainerCmd(settings.helperImage())
        .withName(DockerContainers.name(id, role))
        .withLabels(DockerLabels.ofContainer(settings.clusterId(), id, organization(), role, 0))
        .withWorkingDir("/");
  }

  /** Returns the container's configuration; {@code readOnly} concerns the home. */
  HostConfig host(boolean readOnly) {
    var host =
        HostConfig.newHostConfig()
            .withMounts(List.of(mount(readOnly)))
            .withNetworkMode("none")
            .withCapDrop(Capability.ALL)
            .withSecurityOpts(settings.securityOptions())
            .withPrivileged(false)
            .withIpcMode("private")
            .withMemory(settings.filesMemoryBytes())
            .withMemorySwap(settings.filesMemoryBytes())
            .withNanoCPUs(settings.nanoCpus())
            .withPidsLimit(settings.pidsLimit())
            .withOomScoreAdj(settings.oomScoreAdjustment())
            .withReadonlyRootfs(true);
    if (!settings.runtime().isEmpty()) host.withRuntime(settings.runtime());
    return host;
  }

  /**
   * If the home was removed meanwhile, the engine creates a volume by itself, which is not a home.
   */
  private Mount mount(boolean readOnly) {
    return new Mount()
        .withType(MountType.VOLUME)
        .withSource(id.value())
        .withTarget(DockerContainerSpec.HOME)
        .withReadOnly(readOnly)
        .withVolumeOptions(
            new VolumeOptions()
                .withNoCopy(readOnly)
                .withLabels(DockerLabels.ofNoHome(settings.clusterId(), id, organization())));
  }

  private String organization() {
    return DockerHomes.label(home, DockerLabels.ORGANIZATION);
  }
}
