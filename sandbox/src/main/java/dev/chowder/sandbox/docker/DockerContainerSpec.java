package dev.chowder.sandbox.docker;

import com.github.dockerjava.api.DockerClient;
import com.github.dockerjava.api.command.CreateContainerCmd;
import com.github.dockerjava.api.command.InspectContainerResponse;
import com.github.dockerjava.api.model.Capability;
import com.github.dockerjava.api.model.ExposedPort;
import com.github.dockerjava.api.model.HostConfig;
import com.github.dockerjava.api.model.LogConfig;
import com.github.dockerjava.api.model.Mount;
import com.github.dockerjava.api.model.MountType;
import com.github.dockerjava.api.model.PortBinding;
import com.github.dockerjava.api.model.Ports;
import com.github.dockerjava.api.model.RestartPolicy;
import com.github.dockerjava.api.model.Ulimit;
import com.github.dockerjava.api.model.VolumeOptions;
import dev.chowder.base.Sha256;
import dev.chowder.sandbox.ProcessSpec;
import dev.chowder.sandbox.SandboxId;
import dev.chowder.sandbox.SandboxResources;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/**
 * Specifies a sandbox's container, including all hardening. Keeps the image's entry point, an init
 * process that forwards signals. Does not know what the command does.
 */
record DockerContainerSpec(
    SandboxId id,
    String organizationId,
    String role,
    int attempt,
    String snapshot,
    List<String> command,
    Map<String, String> environment,
    Optional<Integer> port,
    SandboxResources resources) {

  static final String HOME = "/home/node";
  private static final long UNLIMITED = -1;
  private static final String LOOPBACK = "127.0.0.1";

  static DockerContainerSpec ofMainProcess(SandboxId id, int attempt, ProcessSpec process) {
    return new DockerContainerSpec(
        id,
        process.organizationId(),
        DockerLabels.GATEWAY,
        attempt,
        process.snapshot(),
        process.command(),
        process.environment(),
        Optional.of(process.port()),
        process.resources());
  }

  /**
   * Returns a value that changes if a container created from this spec would differ. The attempt is
   * included, because a label cannot be changed later.
   */
  String hash(DockerSandboxSettings settings) {
    String all =
        String.join(
            "\n",
            snapshot,
            String.join("\0", command),
            new TreeMap<>(environment).toString(),
            port.toString(),
            Integer.toString(attempt),
            settings.networkName(),
            limits(settings));
    return Sha256.hex(all).substring(0, 16);
  }

  /** Returns whether a container created from this spec today would be the same. */
  boolean describes(InspectContainerResponse container, DockerSandboxSettings settings) {
    return hash(settings).equals(DockerObservations.labels(container).get(DockerLabels.SPEC));
  }

  private String limits(DockerSandboxSettings settings) {
    return resources.memoryBytes()
        + " "
        + resources.nanoCpus()
        + " "
        + resources.processes()
        + " "
        + settings.temporaryBytes()
        + " "
        + settings.maxFileBytes()
        + " "
        + settings.oomScoreAdjustment()
        + " "
        + settings.readOnlyRoot()
        + " "
        + settings.runtime()
        + " "
        + settings.seccomp();
  }

  /**
   * Returns the command that creates the container.
   *
   * @param user user and group of its processes. The spec's hash does not depend on them, so that a
   *     container that a version with other users froze can continue.
   */
  CreateContainerCmd create(
      DockerClient docker, DockerSandboxSettings settings, String name, String user) {
    Map<String, String> labels =
        new HashMap<>(
            DockerLabels.ofContainer(settings.clusterId(), id, organizationId, role, attempt));
    labels.put(DockerLabels.SPEC, hash(settings));
    var create =
        docker
            .createContainerCmd(snapshot)
            .withName(name)
            .withLabels(labels)
            .withUser(user)
            .withHostName(hostName())
            .withCmd(command)
            .withEnv(
                environment.entrySet().stream().map(e -> e.getKey() + "=" + e.getValue()).toList())
            .withHostConfig(hostConfig(settings));
    port.ifPresent(number -> create.withExposedPorts(ExposedPort.tcp(number)));
    return create;
  }

  /**
   * Returns the same name for every container of a sandbox. A killed process leaves leases with its
   * host name, and OpenClaw breaks such a lease at once only if the host name is its own.
   */
  private String hostName() {
    String value = id.value();
    return "sb-" + value.substring(value.length() - 12);
  }

  private HostConfig hostConfig(DockerSandboxSettings settings) {
    HostConfig host =
        HostConfig.newHostConfig()
            .withMounts(List.of(home(settings)))
            .withNetworkMode(settings.networkName())
            .withCapDrop(Capability.ALL)
            .withSecurityOpts(settings.securityOptions())
            .withPrivileged(false)
            .withIpcMode("private")
            .withMemory(resources.memoryBytes())
            .withMemorySwap(resources.memoryBytes())
            .withNanoCPUs(resources.nanoCpus())
            .withPidsLimit(resources.processes())
            .withOomScoreAdj(settings.oomScoreAdjustment())
            .withUlimits(ulimits(settings))
            .withReadonlyRootfs(settings.readOnlyRoot())
            .withTmpFs(
                Map.of("/tmp", "rw,nosuid,nodev,mode=1777,size=" + settings.temporaryBytes()))
            .withRestartPolicy(RestartPolicy.noRestart())
            .withLogConfig(
                new LogConfig(
                    LogConfig.LoggingType.JSON_FILE,
                    Map.of(
                        "max-size", Long.toString(settings.logFileBytes()),
                        "max-file", Integer.toString(settings.maxLogFiles()))));
    ContainerWeights.set(host);
    if (!settings.runtime().isEmpty()) host.withRuntime(settings.runtime());
    port.ifPresent(
        number ->
            host.withPortBindings(
                // With port 0 the engine chooses a free port at each start.
                new PortBinding(
                    Ports.Binding.bindIpAndPort(LOOPBACK, 0), ExposedPort.tcp(number))));
    return host;
  }

  private static List<Ulimit> ulimits(DockerSandboxSettings settings) {
    long file = settings.maxFileBytes() == 0 ? UNLIMITED : settings.maxFileBytes();
    return List.of(new Ulimit("core", 0L, 0L), new Ulimit("fsize", file, file));
  }

  /**
   * Returns the mount of the home volume. If the volume was removed meanwhile, the engine itself
   * creates one, and its labels show that it is not a home.
   */
  private Mount home(DockerSandboxSettings settings) {
    return new Mount()
        .withType(MountType.VOLUME)
        .withSource(id.value())
        .withTarget(HOME)
        .withVolumeOptions(
            new VolumeOptions()
                .withLabels(DockerLabels.ofNoHome(settings.clusterId(), id, organizationId)));
  }
}
