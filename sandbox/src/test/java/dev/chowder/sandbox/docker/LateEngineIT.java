package dev.chowder.sandbox.docker;

import static dev.chowder.sandbox.TestResources.RESOURCES;
import static org.assertj.core.api.Assertions.assertThat;

import dev.chowder.base.Await;
import dev.chowder.sandbox.Fence;
import dev.chowder.sandbox.SandboxId;
import dev.chowder.sandbox.SandboxSpec;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A node that starts before the engine. Requires root, for the firewall. */
@Timeout(120)
class LateEngineIT {
  private static final Path ENGINE = Path.of("/var/run/docker.sock");
  private final DockerTestEngine docker = new DockerTestEngine("it-late");
  private final SandboxId id = SandboxId.ofInstance(UUID.randomUUID().toString());

  @TempDir Path folder;

  /** Starts an agent of an earlier node, whose firewall chain still exists. */
  @BeforeEach
  void startAgent() {
    docker.removeOrphans();
    try (var earlier = new DockerSandboxEngine(docker.settings())) {
      earlier.create(new SandboxSpec(id, "org-1", DockerTestEngine.SNAPSHOT, 0, RESOURCES));
      var _ = earlier.start(id, Fence.ofAttempt(1), DockerTestEngine.answering("org-1"));
    }
  }

  @AfterEach
  void close() {
    docker.clear(id);
  }

  @Test
  void hostPortsAreOpenedWhenTheEngineRespondsAndStayOpen() throws Exception {
    Path socket = folder.resolve("docker.sock");
    try (var model = new ServerSocket(0, 10, InetAddress.getLoopbackAddress());
        var early =
            new DockerSandboxEngine(
                docker.settings(
                    Map.of(
                        "host", "unix://" + socket,
                        "call-timeout", "5s",
                        "max-reconnect-delay", "100ms",
                        "isolation-check-interval", "200ms")))) {
      early.host().openHostPorts(Set.of(model.getLocalPort()));
      assertThat(early.host().isolationFailure()).isPresent();
      assertThat(probe(model)).isNotEqualTo("open");

      Files.createSymbolicLink(socket, ENGINE);
      Await.until(Await.LIMIT, () -> probe(model).equals("open"), () -> "the port stays closed");
      // The check ends a moment after it opened the port.
      Await.untilSolved(() -> early.host().isolationFailure().orElse(""));
      // Several checks of the node follow, and each writes the chain.
      for (int n = 0; n < 5; n++) assertThat(probe(model)).isEqualTo("open");
    }
  }

  private String probe(ServerSocket model) throws Exception {
    String gateway;
    try (var network = new DockerSandboxEngine(docker.settings())) {
      gateway = network.host().hostAddressFromSandbox();
    }
    return docker.probe(id + "-gateway", List.of(gateway + ":" + model.getLocalPort())).getFirst();
  }
}
