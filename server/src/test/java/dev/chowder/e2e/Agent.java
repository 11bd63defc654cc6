package dev.chowder.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;

/** One instance, as a holder of its organization's key uses it. */
record Agent(Caller caller, String id) {
  /** Creates an instance and returns without waiting for it. */
  static Agent create(Caller caller, String name) {
    return create(caller, Answer.JSON.createObjectNode().put("name", name));
  }

  static Agent create(Caller caller, ObjectNode request) {
    if (!request.has("model_provider")) {
      request.put("model_provider", "custom");
    }
    Answer answer = caller.post("/v1/instances", request.toString()).is(201);
    return new Agent(caller, answer.text("id"));
  }

  Agent awaitRunning() {
    awaitStatus("running");
    return this;
  }

  /** Waits for a status. Fails at once if the instance ends in another final status. */
  JsonNode awaitStatus(String status) {
    Answer answer =
        Eventually.get(
            id + " " + status,
            Limits.PROVISIONING,
            this::get,
            now -> {
              String is = now.text("status");
              return is.equals(status) || is.equals("error");
            });
    assertThat(answer.text("status")).as("%s", answer).isEqualTo(status);
    return answer.json();
  }

  String path(String tail) {
    return "/v1/instances/" + id + tail;
  }

  Answer get() {
    return caller.get(path("")).is(200);
  }

  Answer stop(int wait) {
    return caller.post(path("/stop?wait=" + wait));
  }

  /** Stops the agent until it is frozen: a gateway that is busy for too long ends instead. */
  void freeze() {
    Answer stopped = stop(120).is(200);
    for (int again = 1; again <= 2 && stopped.text("sleep_level").equals("off"); again++) {
      var _ = start(300).is(200);
      stopped = stop(120).is(200);
    }
    assertThat(stopped.text("sleep_level")).as("%s", stopped).isEqualTo("frozen");
  }

  Answer start(int wait) {
    return caller.post(path("/start?wait=" + wait));
  }

  Answer delete() {
    return caller.delete(path(""));
  }

  /** Sends a message in the session {@code main}. */
  Answer send(String input) {
    return caller.post(path("/responses"), message(input).toString());
  }

  Answer send(String session, String input) {
    return caller.post(path("/session/" + session + "/responses"), message(input).toString());
  }

  static ObjectNode message(String input) {
    return Answer.JSON.createObjectNode().put("input", input);
  }

  String gatewayToken() {
    return caller.get(path("/gateway")).is(200).text("gateway_token");
  }

  /** Returns the name of the gateway's container; empty if it has none at this moment. */
  String container() {
    return Docker.gatewayOf(id);
  }
}
