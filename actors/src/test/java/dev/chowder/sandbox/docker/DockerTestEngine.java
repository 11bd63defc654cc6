package dev.chowder.sandbox.docker;

import com.github.dockerjava.api.DockerClient;
import com.github.dockerjava.api.exception.NotFoundException;
import com.github.dockerjava.api.model.Container;
import com.github.dockerjava.core.DefaultDockerClientConfig;
import com.github.dockerjava.core.DockerClientImpl;
import com.github.dockerjava.httpclient5.ApacheDockerHttpClient;
import com.typesafe.config.ConfigFactory;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * The real engine as a test sees it, past the driver; a cluster id of the test's own keeps it from
 * touching anything else.
 */
final class DockerTestEngine {
  static final String SNAPSHOT =
      Optional.ofNullable(System.getenv("CHOWDER_SANDBOX_IMAGE"))
          .orElse("chowder/sandbox-medium:latest");

  private final String clusterId;
  private final DockerClient docker;

  DockerTestEngine(String clusterId) {
    this.clusterId = clusterId;
    var config = DefaultDockerClientConfig.createDefaultConfigBuilder().build();
    this.docker =
        DockerClientImpl.getInstance(
            config,
            new ApacheDockerHttpClient.Builder().dockerHost(config.getDockerHost()).build());
  }

  DockerClient docker() {
    return docker;
  }

  DockerSandboxSettings settings() {
    return settings(Map.of());
  }

  DockerSandboxSettings settingsWithHost(String host) {
    return settings(Map.of("host", host));
  }

  DockerSandboxSettings settings(Map<String, Object> changed) {
    var defaults =
        Map.<String, Object>of("cluster-id", clusterId, "memory-limit", "192 MiB", "cpus", 1.0);
    return DockerSandboxSettings.from(
        ConfigFactory.parseMap(changed)
            .withFallback(ConfigFactory.parseMap(defaults))
            .atPath("chowder.sandbox.docker")
            .withFallback(ConfigFactory.load())
            .resolve());
  }

  List<Container> containers() {
    return docker.listContainersCmd().withShowAll(true).withLabelFilter(label()).exec();
  }

  /** What this or a former run that was killed left behind. */
  void removeLeftovers() {
    for (Container container : containers()) {
      try {
        docker.removeContainerCmd(container.getId()).withForce(true).exec();
      } catch (NotFoundException gone) {
        // That is what was asked for.
      }
    }
    docker
        .listVolumesCmd()
        .withFilter("label", List.of(DockerLabels.CLUSTER + "=" + clusterId))
        .exec()
        .getVolumes()
        .forEach(volume -> docker.removeVolumeCmd(volume.getName()).exec());
    docker
        .listNetworksCmd()
        .withNameFilter("chowder-" + clusterId)
        .exec()
        .forEach(network -> docker.removeNetworkCmd(network.getId()).exec());
  }

  private Map<String, String> label() {
    return Map.of(DockerLabels.CLUSTER, clusterId);
  }
}
