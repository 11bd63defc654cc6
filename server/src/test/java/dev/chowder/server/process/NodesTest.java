package dev.chowder.server.process;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Tests the environment of each node on a machine, and the time limit of its start. */
@Timeout(60)
class NodesTest {
  @TempDir Path folder;

  @Test
  void theNodesOfAMachineShareItsEffectsBootsAndWakes() throws Exception {
    assertThat(limits(1, Map.of())).isEqualTo("|");
    assertThat(limits(3, Map.of())).isEqualTo("11|3");
    assertThat(limits(9, Map.of())).isEqualTo("4|1");
    assertThat(limits(3, Map.of("CHOWDER_EFFECT_MAX_CONCURRENT_BOOTS", "7"))).isEqualTo("11|7");
    assertThat(wakes(1, Map.of())).isEqualTo("|");
    assertThat(wakes(3, Map.of())).isEqualTo("3|3");
    assertThat(wakes(3, Map.of("CHOWDER_EFFECT_MAX_CONCURRENT_WAKES", "7"))).isEqualTo("7|3");
  }

  @Test
  void aNodeOnPostgresMayAlsoWaitForTheMembersOfTheLastCluster() throws Exception {
    var url = "jdbc:postgresql://127.0.0.1/chowder";
    assertThat(startSeconds(Map.of())).isEqualTo("90");
    assertThat(startSeconds(Map.of("CHOWDER_STORAGE_URL", "jdbc:h2:async:/x"))).isEqualTo("90");
    assertThat(startSeconds(Map.of("CHOWDER_STORAGE_URL", url))).isEqualTo("150");
    for (var wait : List.of("2m", "2 minutes", "120s", "120000", "119.5 seconds", "120000ms")) {
      assertThat(
              startSeconds(
                  Map.of("CHOWDER_STORAGE_URL", url, "CHOWDER_CLUSTER_FORMATION_TIMEOUT", wait)))
          .as(wait)
          .isEqualTo("210");
    }
    assertThat(startSeconds(Map.of("CHOWDER_STORAGE_URL", url, "CHOWDER_START_SECONDS", "300")))
        .isEqualTo("360");
  }

  /** Returns how many seconds {@code scripts/up} waits for a node to respond. */
  private String startSeconds(Map<String, String> environment)
      throws IOException, InterruptedException {
    return printed(
        ". ./process.sh; . ./server.sh;"
            + " process_await() { printf '%s' \"$CHOWDER_START_SECONDS\"; }; NODES=1; node_await 1",
        environment);
  }

  /** One Envoy holds the bodies of all nodes. */
  @Test
  void theNodesOfAMachineShareTheBytesOfBodies() throws Exception {
    assertThat(bodies(1, Map.of())).isEqualTo("|");
    assertThat(bodies(3, Map.of())).isEqualTo("44739242|2796202");
    assertThat(bodies(3, Map.of("CHOWDER_BODIES_BURST", "8 MiB"))).isEqualTo("8 MiB|2796202");
    assertThat(bodies(3, Map.of("CHOWDER_MAX_BODY_BYTES", "67108864")))
        .as("at least one body")
        .isEqualTo("67125248|2796202");
  }

  /**
   * Returns the limits of the second of this number of nodes, on a machine with four processors.
   */
  private String limits(int nodes, Map<String, String> environment)
      throws IOException, InterruptedException {
    return environment(nodes, "EFFECT_MAX_CONCURRENT", "EFFECT_MAX_CONCURRENT_BOOTS", environment);
  }

  private String wakes(int nodes, Map<String, String> environment)
      throws IOException, InterruptedException {
    return environment(
        nodes, "EFFECT_MAX_CONCURRENT_WAKES", "EFFECT_MAX_CONCURRENT_BOOTS", environment);
  }

  private String bodies(int nodes, Map<String, String> environment)
      throws IOException, InterruptedException {
    return environment(nodes, "BODIES_BURST", "BODIES_BYTES_PER_SECOND", environment);
  }

  private String environment(
      int nodes, String first, String second, Map<String, String> environment)
      throws IOException, InterruptedException {
    return printed(
        ("nproc() { echo 4; }; NODES=%d; node_environment 2;"
                + " printf '%%s|%%s' \"${CHOWDER_%s:-}\" \"${CHOWDER_%s:-}\"")
            .formatted(nodes, first, second),
        environment);
  }

  private String printed(String commands, Map<String, String> environment)
      throws IOException, InterruptedException {
    var builder =
        new ProcessBuilder(
                "bash",
                "-euc",
                "cd ../scripts/lib; . ./common.sh; . ./settings.sh; . ./nodes.sh; " + commands)
            .redirectErrorStream(true);
    builder.environment().keySet().removeIf(name -> name.startsWith("CHOWDER_"));
    builder.environment().put("CHOWDER_HOME", folder.toString());
    builder.environment().putAll(environment);
    var process = builder.start();
    var printed = new String(process.getInputStream().readAllBytes(), UTF_8);
    assertThat(process.waitFor(30, TimeUnit.SECONDS)).isTrue();
    assertThat(process.exitValue()).as(printed).isZero();
    return printed;
  }
}
