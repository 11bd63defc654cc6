package dev.chowder.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/**
 * Failures outside Chowder are detected and explained in plain words. The last class that uses the
 * agent with a configuration, because it deletes it.
 */
@Order(Order.DEFAULT + 1)
@ExtendWith(SharedAgents.class)
class FailuresE2E {
  @Test
  void aKilledGatewayIsRestartedOnceAndThenFails() {
    Agent agent = SharedAgents.takeConfigured();
    try {
      String before = startedAt(agent);
      Docker.docker("kill", agent.container());
      Eventually.is(
          "restarted",
          Limits.STEP,
          () ->
              agent.get().text("status").equals("running")
                  && Docker.runs(agent.container())
                  && !startedAt(agent).equals(before));
      assertThat(agent.send("Reply with exactly: back").is(200).agentText()).isEqualTo("back");

      Docker.docker("kill", agent.container());
      JsonNode failed = agent.awaitStatus("error");
      assertThat(failed.path("error_reason").asText()).matches("[A-Z][A-Z_]+");
      assertThat(failed.path("error_message").asText()).isNotBlank();
      agent.send("Hello").isError(409, "WRONG_STATE");
      agent.stop(0).isError(409, "WRONG_STATE");
      agent.start(0).isError(409, "WRONG_STATE");
      // It is deleted although its container is not there anymore.
      Docker.remove(agent.container());
    } finally {
      agent.delete().is(204);
    }
    agent.caller().get(agent.path("")).isError(404, "INSTANCE_NOT_FOUND");
    agent.delete().isError(404, "INSTANCE_NOT_FOUND");
    assertThat(slots(agent.caller())).isZero();
    Eventually.get("nothing left", Limits.STEP, () -> Docker.leftOf(agent), String::isEmpty);
  }

  @Test
  void aKeyThatTheProviderRejectsEndsInErrorAndReleasesTheSlot() throws IOException {
    HttpServer provider =
        HttpServer.create(
            new InetSocketAddress(InetAddress.getLoopbackAddress(), refusingPort()), 0);
    provider.createContext(
        "/",
        exchange -> {
          exchange.sendResponseHeaders(401, -1);
          exchange.close();
        });
    provider.start();
    try {
      Caller caller =
          Caller.newcomer(
              "wrong-key",
              """
              {"model_endpoints": {"custom": {"base_url": "http://localhost:%s/v1", "model": "m"}},
               "model_api_keys": {"custom": "sk-not-a-good-one"}}
              """
                  .formatted(provider.getAddress().getPort()));
      Agent agent = Agent.create(caller, "wrong-key");
      Answer failed =
          Eventually.get(
              "error",
              Limits.PROVISIONING,
              agent::get,
              now -> !now.text("status").equals("provisioning"));
      assertThat(failed.text("status")).as("%s", failed).isEqualTo("error");
      assertThat(failed.text("error_reason")).isEqualTo("KEY_REFUSED");
      assertThat(failed.text("error_message")).contains("key");
      assertThat(failed.body()).doesNotContain("sk-not-a-good-one");
      Eventually.is("slot free", Limits.QUICK, () -> slots(caller) == 0);
      Eventually.is(
          "nothing runs",
          Limits.QUICK,
          () ->
              Docker.docker("ps", "-q", "--filter", "label=dev.chowder.instance=" + agent.id())
                  .out()
                  .isBlank());
      agent.delete().is(204);
    } finally {
      provider.stop(0);
    }
  }

  private static int slots(Caller caller) {
    return caller.get("/v1/organization").is(200).json().path("instance_count").asInt();
  }

  private static String startedAt(Agent agent) {
    return Docker.inspect(agent.container()).at("/State/StartedAt").asText();
  }

  /** A port that base URLs may name. The test listens on it. */
  private static int refusingPort() {
    return Integer.parseInt(
        Installation.required("CHOWDER_E2E_REFUSING_MODEL_PORT", "a port that base URLs may name"));
  }
}
