package dev.chowder.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.extension.ExtendWith;

/**
 * What Docker reports about a gateway's container: its privileges, and what it shares with another
 * one.
 */
@ExtendWith(SharedAgents.class)
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class HardeningE2E {
  private final Agent first = SharedAgents.first();
  private final Agent second = SharedAgents.configured().agent();
  private final JsonNode container = Docker.inspect(first.container());

  @Test
  void aGatewayRunsWithoutPrivilegesAndCannotGainAny() {
    var users =
        List.of(
            Docker.shell(first.container(), "id -u").strip(),
            Docker.shell(second.container(), "id -u").strip());
    assertThat(users).allMatch(user -> user.matches("19[0-9]{8}")).doesNotHaveDuplicates();
    String status = Docker.shell(first.container(), "cat /proc/1/status");
    assertThat(status).containsPattern("CapEff:\\s+0+\\n").containsPattern("CapBnd:\\s+0+\\n");
    assertThat(status).containsPattern("NoNewPrivs:\\s+1\\n");
    assertThat(container.at("/HostConfig/Privileged").asBoolean()).isFalse();
    assertThat(container.at("/HostConfig/CapDrop").toString()).isEqualToIgnoringCase("[\"ALL\"]");
    assertThat(container.at("/HostConfig/ReadonlyRootfs").asBoolean()).isTrue();
  }

  @Test
  void memoryProcessorsAndProcessesAreLimited() {
    assertThat(container.at("/HostConfig/Memory").asLong()).isPositive();
    assertThat(container.at("/HostConfig/NanoCpus").asLong()).isPositive();
    assertThat(container.at("/HostConfig/PidsLimit").asLong()).isPositive();
  }

  @Test
  void thePortIsPublishedOnLoopbackOnly() {
    JsonNode ports = container.at("/NetworkSettings/Ports");
    assertThat(ports).isNotEmpty();
    ports.forEach(
        bindings ->
            bindings.forEach(
                binding -> assertThat(binding.path("HostIp").asText()).isEqualTo("127.0.0.1")));
  }

  @Test
  void labelsNameTheInstanceAndItsOrganization() {
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
  void theGatewaysTokenIsInNoArgumentVariableOrLabel() {
    assertThat(container.toString()).doesNotContain(first.gatewayToken());
  }

  @Test
  void twoAgentsShareNoTokenKeyOrIdentity() {
    assertThat(first.gatewayToken()).isNotEqualTo(second.gatewayToken());
    assertThat(container.at("/Config/Hostname"))
        .isNotEqualTo(Docker.inspect(second.container()).at("/Config/Hostname"));
    Map<String, String> mine = Identity.of(first);
    Map<String, String> others = Identity.of(second);
    // These must be found, or an empty result would prove nothing. The test reports locations,
    // never values.
    for (Map<String, String> found : List.of(mine, others)) {
      assertThat(new TreeSet<>(found.values()))
          .contains(
              "gateway-token",
              "device_identities.device_id",
              "device_identities.private_key_pem",
              "config_revision_keys.hmac_key",
              "config-journal-fingerprint.key");
    }
    assertThat(mine.get(first.gatewayToken())).isEqualTo("gateway-token");
    mine.keySet().retainAll(others.keySet());
    assertThat(mine.values()).as("in both homes").isEmpty();
  }
}
