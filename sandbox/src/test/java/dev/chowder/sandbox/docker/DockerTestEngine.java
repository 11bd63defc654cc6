package dev.chowder.sandbox.docker;

import static dev.chowder.sandbox.TestResources.RESOURCES;
import static java.nio.charset.StandardCharsets.UTF_8;
import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;

import com.github.dockerjava.api.DockerClient;
import com.github.dockerjava.api.exception.NotFoundException;
import com.github.dockerjava.api.model.Container;
import com.github.dockerjava.api.model.Frame;
import com.github.dockerjava.core.DefaultDockerClientConfig;
import com.github.dockerjava.core.DockerClientImpl;
import com.github.dockerjava.httpclient5.ApacheDockerHttpClient;
import com.typesafe.config.ConfigFactory;
import dev.chowder.base.Await;
import dev.chowder.sandbox.Fence;
import dev.chowder.sandbox.ProcessSpec;
import dev.chowder.sandbox.SandboxEndpoint;
import dev.chowder.sandbox.SandboxId;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Accesses the real Docker Engine without {@link DockerSandboxEngine}. A separate cluster id
 * prevents changes to anything else.
 */
final class DockerTestEngine {
  static final String SNAPSHOT =
      Optional.ofNullable(System.getenv("CHOWDER_SANDBOX_IMAGE"))
          .orElse("chowder/sandbox-medium:latest");

  private static final String PROBE =
      """
      const net = require('net');
      const probe = target => new Promise(done => {
        const [host, port] = target.split(':');
        const socket = net.connect({ host, port: +port, timeout: 1500 });
        socket.on('connect', () => { done('open'); socket.destroy(); });
        socket.on('timeout', () => { done('timeout'); socket.destroy(); });
        socket.on('error', e => done(e.code));
      });
      Promise.all(process.argv.slice(1).map(probe)).then(r => console.log(r.join('\\n')));
      """;

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

  DockerClient client() {
    return docker;
  }

  URI dockerHost() {
    return DefaultDockerClientConfig.createDefaultConfigBuilder().build().getDockerHost();
  }

  String clusterId() {
    return clusterId;
  }

  DockerSandboxSettings settings() {
    return settings(Map.of());
  }

  DockerSandboxSettings settingsWithHost(String host) {
    return settings(Map.of("host", host));
  }

  DockerSandboxSettings settings(Map<String, Object> changed) {
    return DockerSandboxSettings.from(
        ConfigFactory.parseMap(changed)
            .atPath("chowder.sandbox.docker")
            .withFallback(
                ConfigFactory.parseMap(Map.of("cluster-id", clusterId, "cpus", 1.0))
                    .atPath("chowder.sandbox"))
            .withFallback(ConfigFactory.load())
            .resolve());
  }

  /** Returns a main process that responds to every HTTP request. */
  static ProcessSpec answering(String organization) {
    return new ProcessSpec(
        SNAPSHOT,
        organization,
        List.of("node", "-e", "require('http').createServer((q, s) => s.end('ok')).listen(18789)"),
        Map.of(),
        18789,
        RESOURCES);
  }

  /** Removes a sandbox, the firewall's chains and everything else of this cluster. */
  void clear(SandboxId id) {
    try (var engine = new DockerSandboxEngine(settings())) {
      var _ = engine.remove(id, Fence.NONE);
      engine.removeIsolation();
    }
    removeOrphans();
  }

  List<Container> containers() {
    return docker.listContainersCmd().withShowAll(true).withLabelFilter(label()).exec();
  }

  String addressOf(String container) {
    var network =
        docker
            .inspectContainerCmd(container)
            .exec()
            .getNetworkSettings()
            .getNetworks()
            .get("chowder-" + clusterId);
    return String.valueOf(requireNonNull(network).getIpAddress());
  }

  /** Returns the CPU time that a running or frozen container has used. */
  long cpuNanos(String container) {
    var id = docker.inspectContainerCmd(container).exec().getId();
    try (var files = Files.walk(Path.of("/sys/fs/cgroup"), 6)) {
      var directory =
          files
              .filter(path -> path.toString().contains(id))
              .filter(path -> !Files.isSymbolicLink(path))
              .filter(
                  path ->
                      Files.exists(path.resolve("cpuacct.usage"))
                          || Files.exists(path.resolve("memory.current")))
              .findFirst()
              .orElseThrow();
      if (Files.exists(directory.resolve("cpuacct.usage"))) {
        return Long.parseLong(Files.readString(directory.resolve("cpuacct.usage")).strip());
      }
      return Files.readAllLines(directory.resolve("cpu.stat")).stream()
          .filter(line -> line.startsWith("usage_usec "))
          .mapToLong(line -> 1000 * Long.parseLong(line.substring("usage_usec ".length())))
          .findFirst()
          .orElseThrow();
    } catch (IOException failed) {
      throw new AssertionError(failed);
    }
  }

  /** Returns the address of the engine's default bridge, which is another address of this host. */
  String defaultGateway() {
    var config =
        docker.inspectNetworkCmd().withNetworkId("bridge").exec().getIpam().getConfig().getFirst();
    return DockerNetwork.gateway(config);
  }

  /**
   * Connects from inside a container to each {@code host:port}; returns "open" or the reason of the
   * failure.
   */
  List<String> probe(String container, List<String> targets) {
    List<String> command = new ArrayList<>(List.of("node", "-e", PROBE));
    command.addAll(targets);
    List<String> results = exec(container, command).lines().toList();
    assertThat(results).hasSameSizeAs(targets);
    return results;
  }

  /** Runs a command in a running container, as the container's user, and returns its output. */
  String exec(String container, List<String> command) {
    return exec(container, Optional.empty(), command);
  }

  /** Runs a command in a running container and returns its output. */
  String exec(String container, Optional<String> user, List<String> command) {
    var create = docker.execCreateCmd(container).withAttachStdout(true).withAttachStderr(true);
    user.ifPresent(create::withUser);
    String exec = create.withCmd(command.toArray(String[]::new)).exec().getId();
    Tail output = new Tail(1 << 20);
    try (var run =
        docker
            .execStartCmd(exec)
            .exec(new DockerStream<Frame>(frame -> output.add(frame.getPayload()), _ -> {}))) {
      assertThat(run.awaitEnd(Duration.ofSeconds(30))).isTrue();
    } catch (InterruptedException stop) {
      throw new AssertionError(stop);
    }
    assertThat(docker.inspectExecCmd(exec).exec().getExitCodeLong()).as(output.text()).isZero();
    return output.text();
  }

  void awaitAnswer(SandboxEndpoint endpoint) {
    Await.untilSolved(
        Duration.ofSeconds(30),
        () -> {
          try {
            var connection = URI.create("http://" + endpoint + "/").toURL().openConnection();
            connection.setConnectTimeout(1000);
            connection.setReadTimeout(1000);
            assertThat(connection.getInputStream().readAllBytes()).asString().isEqualTo("ok");
            return "";
          } catch (IOException notYet) {
            return endpoint + " does not answer: " + notYet;
          }
        });
  }

  /** Returns the rules of this cluster. Other tests may have an installation on this host. */
  List<String> firewallRules() {
    var rules = root("iptables", "-w", "5", "-S");
    return rules.lines().filter(rule -> rule.contains(clusterId)).toList();
  }

  /** Runs a command as root and returns its output. */
  String root(String... command) {
    List<String> whole = new ArrayList<>();
    if (!"root".equals(System.getProperty("user.name"))) {
      whole.addAll(List.of("sudo", "-n"));
    }
    whole.addAll(List.of(command));
    try {
      Process process = new ProcessBuilder(whole).redirectErrorStream(true).start();
      String output = new String(process.getInputStream().readAllBytes(), UTF_8);
      assertThat(process.waitFor()).as("%s: %s", whole, output).isZero();
      return output;
    } catch (IOException | InterruptedException failed) {
      throw new AssertionError("as root: " + whole, failed);
    }
  }

  /** Removes what this run, or a previous one that was killed, left behind. */
  void removeOrphans() {
    for (Container container : containers()) {
      try {
        docker.removeContainerCmd(container.getId()).withForce(true).exec();
      } catch (NotFoundException gone) {
        // It is removed, as requested.
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
