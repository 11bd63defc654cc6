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
 * Specifies the common parts of the containers through which Chowder accesses a home volume beside
 * the agent's container: the volume, no network, no capabilities, a read-only root and limits. Does
 * not know which program runs in them.
 */
record DockerHelperSpec(
    DockerSandboxSettings settings, SandboxId id, InspectVolumeResponse home, String role) {
  CreateContainerCmd create(DockerClient docker) {
    return docker
        // Not the image of the home volume, because a volume can outlive its image.
        .createContainerCmd(settings.helperImage())
        .withName(DockerContainers.helperName(id, role))
        .withLabels(DockerLabels.ofContainer(settings.clusterId(), id, organization(), role, 0))
        .withWorkingDir("/");
  }

  /**
   * Returns the container's configuration.
   *
   * @param readOnly whether the home volume is mounted read-only
   */
  HostConfig host(boolean readOnly) {
    var host =
        HostConfig.newHostConfig()
            .withMounts(List.of(mount(readOnly)))
            .withNetworkMode("none")
            .withCapDrop(Capability.ALL)
            .withSecurityOpts(settings.securityOptions())
            .withPrivileged(false)
            .withIpcMode("private")
            .withMemory(settings.helperResources().memoryBytes())
            .withMemorySwap(settings.helperResources().memoryBytes())
            .withNanoCPUs(settings.helperResources().nanoCpus())
            .withPidsLimit(settings.helperResources().processes())
            .withOomScoreAdj(settings.oomScoreAdjustment())
            .withReadonlyRootfs(true);
    ContainerWeights.set(host);
    if (!settings.runtime().isEmpty()) host.withRuntime(settings.runtime());
    return host;
  }

  /**
   * Returns the mount of the home volume. If the volume was removed meanwhile, the engine itself
   * creates one, and its labels show that it is not a home.
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
