package dev.chowder.sandbox.docker;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import dev.chowder.sandbox.Fence;
import dev.chowder.sandbox.SandboxId;
import dev.chowder.sandbox.SandboxSpec;
import dev.chowder.sandbox.TestResources;
import java.util.List;
import java.util.Set;
import java.util.UUID;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * Tests that sandboxes stay isolated from each other while the host does not filter its bridges.
 * Requires root.
 */
@Timeout(60)
class BridgedPacketsIT {
  private static final String HOST = "net.bridge.bridge-nf-call-iptables=";
  private static final DockerTestEngine docker = new DockerTestEngine("it-bridged");

  @Test
  void anotherSandboxIsBlockedWhileTheHostDoesNotFilterBridges() {
    docker.removeOrphans();
    String bridge = DockerNetwork.interfaceName("it-bridged");
    try (var engine = new DockerSandboxEngine(docker.settings())) {
      engine.host().openHostPorts(Set.of());
      start(engine, "one");
      start(engine, "two");
      var target = List.of(docker.addressOf(container("two")) + ":18789");
      docker.root("sysctl", "-w", HOST + "0");
      docker.root("ip", "link", "set", "dev", bridge, "type", "bridge", "nf_call_iptables", "0");
      assertThat(docker.probe(container("one"), target)).as("not filtered").containsExactly("open");
      engine.isolate();
      assertThat(docker.probe(container("one"), target)).as("filtered").doesNotContain("open");
      assertThat(engine.host().isolationFailure()).isEmpty();
      engine.removeIsolation();
    } finally {
      docker.root("sysctl", "-w", HOST + "1");
      docker.removeOrphans();
    }
  }

  private static SandboxId id(String name) {
    return SandboxId.ofInstance(UUID.nameUUIDFromBytes(name.getBytes(UTF_8)).toString());
  }

  private static String container(String name) {
    return id(name) + "-gateway";
  }

  private static void start(DockerSandboxEngine engine, String name) {
    engine.create(
        new SandboxSpec(id(name), "org", DockerTestEngine.SNAPSHOT, 0, TestResources.RESOURCES));
    var _ = engine.start(id(name), Fence.ofAttempt(1), DockerTestEngine.answering("org"));
  }
}
