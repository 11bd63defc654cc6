package dev.chowder.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import java.nio.charset.StandardCharsets;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.extension.ExtendWith;

/** What a gateway's container may do, and what it shares with its neighbour, seen by Docker. */
@ExtendWith(SharedAgents.class)
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class HardeningE2E {
  private final Agent first = SharedAgents.first();
  private final Agent second = SharedAgents.second();
  private final JsonNode container = Docker.inspect(first.container());

  @Test
  void itRunsUnprivilegedAndStaysSo() {
    assertThat(Docker.shell(first.container(), "id -u").strip()).isEqualTo("1000");
    String status = Docker.shell(first.container(), "cat /proc/1/status");
    assertThat(status).containsPattern("CapEff:\\s+0+\\n").containsPattern("CapBnd:\\s+0+\\n");
    assertThat(status).containsPattern("NoNewPrivs:\\s+1\\n");
    assertThat(container.at("/HostConfig/Privileged").asBoolean()).isFalse();
    assertThat(container.at("/HostConfig/CapDrop").toString()).isEqualToIgnoringCase("[\"ALL\"]");
    assertThat(container.at("/HostConfig/ReadonlyRootfs").asBoolean()).isTrue();
  }

  @Test
  void itsMemoryProcessorsAndProcessesAreLimited() {
    assertThat(container.at("/HostConfig/Memory").asLong()).isPositive();
    assertThat(container.at("/HostConfig/NanoCpus").asLong()).isPositive();
    assertThat(container.at("/HostConfig/PidsLimit").asLong()).isPositive();
  }

  @Test
  void itsPortIsPublishedOnLoopbackOnly() {
    JsonNode ports = container.at("/NetworkSettings/Ports");
    assertThat(ports).isNotEmpty();
    ports.forEach(
        bindings ->
            bindings.forEach(
                binding -> assertThat(binding.path("HostIp").asText()).isEqualTo("127.0.0.1")));
  }

  @Test
  void itsLabelsSayWhoseItIs() {
    JsonNode labels = container.at("/Config/Labels");
    assertThat(labels.path("dev.chowder.cluster").asText())
        .isEqualTo(Installation.UNDER_TEST.cluster());
    assertThat(labels.path("dev.chowder.instance").asText()).isEqualTo(first.id());
    assertThat(labels.path("dev.chowder.organization").asText())
        .isEqualTo(first.get().text("organization_id"));
    assertThat(labels.path("dev.chowder.role").asText()).isEqualTo("gateway");
    assertThat(labels.path("dev.chowder.attempt").asText()).isNotBlank();
  }

  @Test
  void theGatewaysTokenStandsInNoArgumentVariableOrLabel() {
    assertThat(container.toString()).doesNotContain(first.gatewayToken());
  }

  @Test
  void twoAgentsShareNoTokenKeyOrIdentity() {
    assertThat(first.gatewayToken()).isNotEqualTo(second.gatewayToken());
    assertThat(container.at("/Config/Hostname"))
        .isNotEqualTo(Docker.inspect(second.container()).at("/Config/Hostname"));
    Set<String> mine = secrets(first);
    assertThat(mine).as("the search finds what it is for").contains(first.gatewayToken());
    mine.retainAll(secrets(second));
    assertThat(mine).as("in both homes").isEmpty();
  }

  /** Whatever looks like a key, a token or an id in the state that OpenClaw keeps for itself. */
  private static Set<String> secrets(Agent agent) {
    Pattern likely =
        Pattern.compile(
            "[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}|[A-Za-z0-9_-]{40,}");
    var found = new TreeSet<String>();
    Workspace.files(agent, Workspace.HOME + "/.openclaw")
        .forEach(
            (path, bytes) -> {
              if (path.matches("(identity|chowder|devices|credentials)/.*")) {
                Matcher matcher = likely.matcher(new String(bytes, StandardCharsets.UTF_8));
                while (matcher.find()) {
                  found.add(matcher.group());
                }
              }
            });
    return found;
  }
}
