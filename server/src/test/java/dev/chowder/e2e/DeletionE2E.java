package dev.chowder.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/**
 * Deletes an agent that is being created. {@link LifecycleE2E} deletes one that is being stopped,
 * and {@link FailuresE2E} one whose container is not there anymore.
 */
class DeletionE2E {
  private final Caller caller = Caller.newcomer("deletions");
  private final Agent agent = Agent.create(caller, "short-lived");

  @AfterEach
  void deleteAgentOfAFailedTest() {
    agent.delete();
  }

  @Test
  void deletionDuringProvisioningLeavesNothingAndReleasesTheOnlySlot() {
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
    agent.delete().is(204);
    caller.get(agent.path("")).isError(404, "INSTANCE_NOT_FOUND");
    caller.get(agent.path("/status")).isError(404, "INSTANCE_NOT_FOUND");
    agent.delete().isError(404, "INSTANCE_NOT_FOUND");
    assertThat(caller.get("/v1/instances").is(200).json().path("instances")).isEmpty();
    assertThat(caller.get("/v1/organization").json().path("instance_count").asInt()).isZero();
    Eventually.get("nothing left", Limits.STEP, () -> Docker.leftOf(agent), String::isEmpty);
  }
}
