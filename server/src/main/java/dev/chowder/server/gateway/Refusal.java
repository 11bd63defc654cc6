package dev.chowder.server.gateway;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.MissingNode;
import java.nio.charset.StandardCharsets;

/** What a gateway's 401 or 403 to a message speaks of. */
enum Refusal {
  /** The token, which the gateway does not take, or not any more. */
  TOKEN,

  /**
   * A token that was taken, and replaced before the agent began with the message: nothing was done,
   * so that it may be sent again. OpenClaw looks once more just before an agent begins.
   */
  TOKEN_REPLACED,

  /** Something else, such as the provider of the agent's model, in an answer of the agent's own. */
  ANSWER,

  /** What this token may do: a thing that its repetition does not change. */
  PERMISSION;

  /** A failed answer without output has a few hundred bytes, and the provider's own words. */
  static final int MAX_BYTES = 64 * 1024;

  private static final JsonMapper JSON = JsonMapper.builder().build();

  static Refusal of(int status, byte[] body) {
    var said = read(body);
    if (said.path("object").asText().equals("response")) {
      boolean replaced =
          said.at("/error/message").asText().equals("Gateway requester authority changed");
      return replaced ? TOKEN_REPLACED : ANSWER;
    }
    return status == 401 ? TOKEN : PERMISSION;
  }

  private static JsonNode read(byte[] body) {
    try {
      return JSON.readTree(new String(body, StandardCharsets.UTF_8));
    } catch (JsonProcessingException notJson) {
      return MissingNode.getInstance();
    }
  }
}
