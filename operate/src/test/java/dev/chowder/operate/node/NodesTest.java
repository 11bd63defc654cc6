package dev.chowder.operate.node;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.chowder.cli.failure.CommandException;
import dev.chowder.cli.failure.ExitCode;
import dev.chowder.operate.site.TestSite;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Tests the variables of each node on a machine, and the time limit of its start. */
class NodesTest {
  private static final int PROCESSORS = 4;

  @TempDir private Path folder;

  @Test
  void theNodesOfAMachineShareItsEffectsBootsAndWakes() {
    assertThat(limits(1, Map.of())).isEqualTo("|");
    assertThat(limits(3, Map.of())).isEqualTo("11|4");
    assertThat(limits(9, Map.of())).isEqualTo("4|2");
    assertThat(limits(3, Map.of("CHOWDER_EFFECT_MAX_CONCURRENT_BOOTS", "7"))).isEqualTo("11|7");
    assertThat(wakes(1, Map.of())).isEqualTo("|");
    assertThat(wakes(3, Map.of())).isEqualTo("3|4");
    assertThat(wakes(3, Map.of("CHOWDER_EFFECT_MAX_CONCURRENT_WAKES", "7"))).isEqualTo("7|4");
  }

  /** One Envoy holds the bodies of all nodes. */
  @Test
  void theNodesOfAMachineShareTheBytesOfBodies() {
    assertThat(bodies(1, Map.of())).isEqualTo("|");
    assertThat(bodies(3, Map.of())).isEqualTo("44739242|2796202");
    assertThat(bodies(3, Map.of("CHOWDER_BODIES_BURST", "8 MiB"))).isEqualTo("8 MiB|2796202");
    assertThat(bodies(3, Map.of("CHOWDER_MAX_BODY_BYTES", "67108864")))
        .as("at least one body")
        .isEqualTo("67125248|2796202");
  }

  @Test
  void aNodeOnPostgresMayAlsoWaitForTheMembersOfTheLastCluster() {
    var url = "jdbc:postgresql://127.0.0.1/chowder";
    assertThat(startSeconds(Map.of())).isEqualTo(90);
    assertThat(startSeconds(Map.of("CHOWDER_STORAGE_URL", "jdbc:h2:async:/x"))).isEqualTo(90);
    assertThat(startSeconds(Map.of("CHOWDER_STORAGE_URL", url))).isEqualTo(150);
    for (var wait : List.of("2m", "2 minutes", "120s", "120000", "119.5 seconds", "120000ms")) {
      assertThat(startSeconds(storage(url, wait))).as(wait).isEqualTo(210);
    }
    assertThat(startSeconds(Map.of("CHOWDER_STORAGE_URL", url, "CHOWDER_START_SECONDS", "300")))
        .isEqualTo(360);
    assertThatThrownBy(() -> startSeconds(storage(url, "soon")))
        .hasMessage(
            "CHOWDER_CLUSTER_FORMATION_TIMEOUT: must be a duration such as 60s or 2m; got soon");
  }

  private static Map<String, String> storage(String url, String wait) {
    return Map.of("CHOWDER_STORAGE_URL", url, "CHOWDER_CLUSTER_FORMATION_TIMEOUT", wait);
  }

  @Test
  void portsOfEachNodeAreTenAboveThoseOfThePreviousOne() {
    var variables = nodes(3, Map.of("CHOWDER_GRPC_PORT", "19090")).variables(3).all();
    assertThat(variables)
        .containsEntry("CHOWDER_GRPC_PORT", "19110")
        .containsEntry("CHOWDER_OPERATOR_PORT", "9111")
        .containsEntry("CHOWDER_MONITORING_PORT", "9115")
        .containsEntry("CHOWDER_CLUSTER_PORT", "9114")
        .containsEntry("CHOWDER_CLUSTER_MANAGEMENT_PORT", "9113")
        .containsEntry(
            "CHOWDER_CLUSTER_CONTACT_POINTS", "127.0.0.1:9093,127.0.0.1:9103,127.0.0.1:9113")
        .containsEntry("CHOWDER_REST_PORT", "8080");
    assertThat(nodes(2, Map.of()).forEnvoy())
        .isEqualTo("127.0.0.1:9090:9091:9095,127.0.0.1:9100:9101:9105");
    assertThat(nodes(1, Map.of()).variables(1).all())
        .containsEntry("CHOWDER_GRPC_PORT", "9090")
        .doesNotContainKeys("CHOWDER_CLUSTER_CONTACT_POINTS", "CHOWDER_CLUSTER_PORT");
  }

  @Test
  void nodesWithSimulatedSandboxesShareAFolderAndLoadTheBuiltSimulator() {
    assertThat(nodes(1, Map.of()).variables(1).all())
        .doesNotContainKeys("CHOWDER_SANDBOX_SIMULATOR", "CHOWDER_FAKE_SANDBOXES");
    var engine = Map.of("CHOWDER_SANDBOX_ENGINE", "simulated");
    for (int node = 1; node <= 2; node++) {
      assertThat(nodes(2, engine).variables(node).all())
          .containsEntry("CHOWDER_SANDBOX_SIMULATOR", folder + "/app/simulator/*")
          .containsEntry("CHOWDER_FAKE_SANDBOXES", folder + "/home/sandboxes");
    }
  }

  @Test
  void theNumberIsThatOfTheOptionOrOfTheLastStart() throws Exception {
    var site = TestSite.in(folder, Map.of()).site();
    Files.createDirectories(site.home());
    assertThat(Nodes.choose(site, Optional.empty()).number()).isEqualTo(1);
    Nodes.choose(site, Optional.of("3")).remember();
    assertThat(site.file("nodes")).hasContent("3");
    assertThat(Nodes.choose(site, Optional.empty()).number()).isEqualTo(3);
    assertThat(Nodes.choose(site, Optional.of("1")).number()).isEqualTo(1);
    for (var wrong : List.of("0", "10", "two")) {
      assertThatThrownBy(() -> Nodes.choose(site, Optional.of(wrong)))
          .isInstanceOfSatisfying(
              CommandException.class,
              refused -> assertThat(refused.code()).isEqualTo(ExitCode.USAGE))
          .hasMessage("--nodes: must be 1 to 9; got " + wrong);
    }
  }

  private long startSeconds(Map<String, String> variables) {
    return nodes(1, variables).startLimit().toSeconds();
  }

  /** Returns the limits of the second of this number of nodes. */
  private String limits(int nodes, Map<String, String> variables) {
    return values(nodes, "EFFECT_MAX_CONCURRENT", "EFFECT_MAX_CONCURRENT_BOOTS", variables);
  }

  private String wakes(int nodes, Map<String, String> variables) {
    return values(nodes, "EFFECT_MAX_CONCURRENT_WAKES", "EFFECT_MAX_CONCURRENT_BOOTS", variables);
  }

  private String bodies(int nodes, Map<String, String> variables) {
    return values(nodes, "BODIES_BURST", "BODIES_BYTES_PER_SECOND", variables);
  }

  private String values(int nodes, String first, String second, Map<String, String> variables) {
    var all = nodes(nodes, variables).variables(2);
    return all.find("CHOWDER_" + first).orElse("") + "|" + all.find("CHOWDER_" + second).orElse("");
  }

  private Nodes nodes(int number, Map<String, String> variables) {
    return new Nodes(TestSite.in(folder, variables).site(), number, PROCESSORS);
  }
}
