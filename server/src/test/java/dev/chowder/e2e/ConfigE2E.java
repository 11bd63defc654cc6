package dev.chowder.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import dev.chowder.e2e.SharedAgents.Configured;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.stream.StreamSupport;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.extension.ExtendWith;

/**
 * Configuration that a caller sets for its agent: overrides, secrets in them, the provider's key.
 * Also tests the log.
 */
@ExtendWith(SharedAgents.class)
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class ConfigE2E {
  private static final String SKILL_KEY = Configured.SKILL_KEY;

  private final Configured shared = SharedAgents.configured();
  private final Agent agent = shared.agent();
  private final String providerKey = shared.providerKey();
  private final String skillKey = shared.skillKey();

  @Test
  void configurationGivenAtCreationIsInTheFile() {
    assertThat(Workspace.config(agent).at("/agents/defaults/maxConcurrent").asInt())
        .isEqualTo(Configured.MAX_CONCURRENT);
    assertThat(agent.get().json().path("openclaw_config").toString()).contains("maxConcurrent");
  }

  @Test
  void theProvidersKeyIsInOneFileThatOnlyTheAgentCanRead() {
    Map<String, byte[]> home = Workspace.files(agent, Workspace.HOME);
    List<String> holders =
        home.entrySet().stream()
            .filter(file -> text(file.getValue()).contains(providerKey))
            .map(Map.Entry::getKey)
            .toList();
    assertThat(holders).hasSize(1);
    String path = Workspace.HOME + "/" + holders.getFirst();
    assertThat(
            Docker.shell(agent.container(), "test -O %1$s && stat -c %%a %1$s".formatted(path))
                .strip())
        .isEqualTo("600");
    for (String elsewhere :
        List.of(
            Docker.inspect(agent.container()).toString(),
            Docker.docker("volume", "inspect", volume()).out(),
            Docker.logs(agent.container()),
            Docker.shell(agent.container(), "cat /proc/[0-9]*/environ /proc/[0-9]*/cmdline"),
            agent.get().body(),
            agent.caller().get("/v1/organization").is(200).body())) {
      assertThat(elsewhere).isNotBlank().doesNotContain(providerKey);
    }
  }

  @Test
  void aSecretInTheOverridesReachesTheAgentButNoResponse() {
    assertThat(Workspace.config(agent).at("/" + SKILL_KEY.replace('.', '/')).asText())
        .isEqualTo(skillKey);
    assertThat(agent.get().json().path("openclaw_config").toString()).contains("***");
    String list = agent.caller().get("/v1/instances").is(200).body();
    String masked =
        "{\"%s\": \"***\", \"messages\": {\"ackReaction\": \"tada\"}}".formatted(SKILL_KEY);
    String patched = patch(masked).is(200).body();
    for (String answer : List.of(agent.get().body(), list, patched)) {
      assertThat(answer).contains(agent.id()).doesNotContain(skillKey);
    }
    JsonNode after = configWithReaction("tada");
    assertThat(after.at("/" + SKILL_KEY.replace('.', '/')).asText())
        .as("after the mask was sent back")
        .isEqualTo(skillKey);
  }

  @Test
  void aPatchReachesARunningGatewayAndLosesNothing() {
    JsonNode before = Workspace.config(agent);
    patch("{\"messages\": {\"ackReaction\": \"eyes\"}}").is(200);
    JsonNode after = configWithReaction("eyes");
    for (String kept : List.of("gateway", "models", "secrets")) {
      assertThat(after.path(kept)).as(kept).isEqualTo(before.path(kept));
    }
  }

  @Test
  void pathsThatChowderOwnsAreRejectedByName() {
    Map<String, String> owned =
        Map.of(
            "gateway.port", "gateway.port",
            "secrets.providers", "secrets",
            "plugins.entries.admin-http-rpc", "plugins.entries.admin-http-rpc");
    owned.forEach(
        (path, owner) -> {
          Answer refused =
              patch(Answer.JSON.createObjectNode().put(path, 1).toString())
                  .isError(400, "INVALID_FIELD");
          assertThat(refused.field()).isEqualTo("openclaw_config." + owner);
        });
    Answer unknown = patch("{\"noSuchThing\": true}").isError(400, "INVALID_FIELD");
    assertThat(unknown.body()).contains("noSuchThing");
  }

  @Test
  void logsAreStreamedWithoutTheToken() {
    String token = agent.gatewayToken();
    try (var stream =
        EventStream.open(agent.caller().request(agent.path("/logs?follow=true&lines=50")).GET())) {
      List<JsonNode> lines = stream.until(Limits.QUICK, line -> line.has("text"));
      assertThat(lines).isNotEmpty();
      assertThat(lines.toString()).doesNotContain(token);
    }
  }

  private Answer patch(String overrides) {
    return agent
        .caller()
        .send("PATCH", agent.path(""), "{\"openclaw_config\": %s}".formatted(overrides));
  }

  /** Returns the agent's configuration once a change with this reaction was applied. */
  private JsonNode configWithReaction(String reaction) {
    return Eventually.get(
        "applied",
        Limits.STEP,
        () -> Workspace.config(agent),
        now -> now.at("/messages/ackReaction").asText().equals(reaction));
  }

  private String volume() {
    JsonNode mounts = Docker.inspect(agent.container()).path("Mounts");
    return StreamSupport.stream(mounts.spliterator(), false)
        .filter(mount -> mount.path("Destination").asText().equals(Workspace.HOME))
        .map(mount -> mount.path("Name").asText())
        .findFirst()
        .orElseThrow(() -> new AssertionError("no volume at home: " + mounts));
  }

  private static String text(byte[] bytes) {
    return new String(bytes, StandardCharsets.ISO_8859_1);
  }
}
