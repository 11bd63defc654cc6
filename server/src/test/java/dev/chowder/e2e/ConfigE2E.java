package dev.chowder.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;

/** A caller's overrides onto OpenClaw's configuration, and the log of its gateway. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class ConfigE2E {
  private final Agent agent;

  ConfigE2E() {
    ObjectNode request =
        Answer.JSON
            .createObjectNode()
            .put("name", "config")
            .set(
                "openclaw_config",
                Answer.JSON.createObjectNode().put("agents.defaults.maxConcurrent", 3));
    agent = Agent.create(Caller.newcomer("config"), request).awaitRunning();
  }

  @AfterAll
  void remove() {
    agent.delete().is(204);
  }

  @Test
  void whatWasGivenAtCreationStandsInTheFile() {
    assertThat(file().at("/agents/defaults/maxConcurrent").asInt()).isEqualTo(3);
    assertThat(agent.get().json().path("openclaw_config").toString()).contains("maxConcurrent");
  }

  @Test
  void aPatchReachesARunningGatewayAndASleepingOneAtItsStartAndLosesNothing() {
    JsonNode before = file();
    patch("{\"messages\": {\"ackReaction\": \"eyes\"}}").is(200);
    Eventually.get(
        "applied",
        Limits.STEP,
        ConfigE2E.this::file,
        now -> now.at("/messages/ackReaction").asText().equals("eyes"));
    agent.stop(180).is(200);
    patch("{\"messages.ackReaction\": \"ok\"}").is(200);
    agent.start(180).is(200);
    JsonNode after = file();
    assertThat(after.at("/messages/ackReaction").asText()).isEqualTo("ok");
    for (String kept : List.of("gateway", "models", "secrets")) {
      assertThat(after.path(kept)).as(kept).isEqualTo(before.path(kept));
    }
  }

  @Test
  void whatChowderOwnsIsRefusedWithItsPath() {
    for (String path :
        List.of("gateway.port", "secrets.providers", "plugins.entries.admin-http-rpc")) {
      Answer refused =
          patch(Answer.JSON.createObjectNode().put(path, 1).toString())
              .refuses(400, "INVALID_FIELD");
      assertThat(refused.body()).contains(path);
    }
    Answer unknown = patch("{\"noSuchThing\": true}").refuses(400, "INVALID_FIELD");
    assertThat(unknown.body()).contains("noSuchThing");
  }

  @Test
  void logsComeAsTheyAreWrittenWithoutTheToken() {
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

  private JsonNode file() {
    try {
      byte[] bytes = Workspace.files(agent, Workspace.HOME + "/.openclaw").get("openclaw.json");
      assertThat(bytes).isNotNull();
      return Answer.JSON.readTree(bytes);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
