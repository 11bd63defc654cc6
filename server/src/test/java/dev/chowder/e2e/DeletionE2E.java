package dev.chowder.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;

/**
 * Deletes agents in different states. Each deletion returns 204, then 404, leaves nothing in Docker
 * and releases the slot. The organization has one slot, so the next create proves the release. Its
 * provider is unreachable, which Chowder only notes; no test sends a message.
 */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class DeletionE2E {
  private final Caller caller =
      Caller.newcomer(
          "deletions",
          """
          {"model_endpoints": {"custom": {"base_url": "https://model.invalid/v1", "model": "m"}},
           "model_api_keys": {"custom": "sk-whatever"}}
          """);
  private @Nullable Agent left;

  @BeforeAll
  void itHasOneSlot() {
    assertThat(caller.get("/v1/organization").is(200).json().path("instance_limit").asInt())
        .isEqualTo(1);
  }

  @AfterEach
  void deleteAgentOfAFailedTest() {
    if (left != null) {
      left.delete();
    }
  }

  @Test
  void duringProvisioning() {
    Agent agent = create();
    Eventually.get(
        "onboarding", Limits.STEP, agent::get, now -> now.body().contains("\"onboard\""));
    Answer refused =
        caller
            .post("/v1/instances", "{\"name\": \"one too many\", \"model_provider\": \"custom\"}")
            .isError(402, "INSTANCE_LIMIT_REACHED");
    assertThat(refused.message())
        .isEqualTo("Instance limit reached (1/1). Upgrade your subscription.");
    agent.stop(0).isError(409, "WRONG_STATE");
    agent.start(0).isError(409, "WRONG_STATE");
    agent.send("Hello").isError(409, "WRONG_STATE");
    deleteAndFindNothing(agent);
  }

  @Test
  void whileStopping() {
    Agent agent = createRunning();
    assertThat(agent.stop(0).is(200).text("desired_status")).isEqualTo("stopped");
    deleteAndFindNothing(agent);
  }

  @Test
  void withTheContainerAlreadyRemoved() {
    Agent agent = createRunning();
    Docker.docker("rm", "-f", agent.container());
    deleteAndFindNothing(agent);
  }

  private Agent createRunning() {
    Agent agent = create();
    JsonNode running = agent.awaitStatus("running");
    assertThat(running.path("stages").findValuesAsText("note"))
        .as("the provider is unreachable")
        .isNotEmpty();
    return agent;
  }

  private Agent create() {
    Agent agent = Agent.create(caller, "short-lived");
    left = agent;
    return agent;
  }

  private void deleteAndFindNothing(Agent agent) {
    agent.delete().is(204);
    caller.get(agent.path("")).isError(404, "INSTANCE_NOT_FOUND");
    caller.get(agent.path("/status")).isError(404, "INSTANCE_NOT_FOUND");
    agent.delete().isError(404, "INSTANCE_NOT_FOUND");
    assertThat(caller.get("/v1/instances").is(200).json().path("instances")).isEmpty();
    assertThat(caller.get("/v1/organization").json().path("instance_count").asInt()).isZero();
    Eventually.get("nothing left", Limits.STEP, () -> Docker.leftOf(agent), String::isEmpty);
  }
}
