package dev.chowder.server.gateway;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.MissingNode;
import java.nio.charset.StandardCharsets;

/** The cause of a gateway's 401 or 403 response to a message. */
enum Refusal {
  /** The gateway does not accept the token, or no longer accepts it. */
  TOKEN,

  /**
   * The gateway accepted the token, which was then replaced before the agent began with the
   * message. OpenClaw checks the token again just before an agent begins. Nothing was done, so the
   * message can be resent.
   */
  TOKEN_REPLACED,

  /** The response is the agent's own, for example about the provider of its model. */
  ANSWER,

  /** The token lacks a permission, so a retry cannot help. */
  PERMISSION;

  /** A failed response has no output, only a few hundred bytes and the provider's message. */
  static final int MAX_BYTES = 64 * 1024;

  private static final JsonMapper JSON = JsonMapper.builder().build();

  static Refusal of(int status, byte[] body) {
    var json = read(body);
    if (json.path("object").asText().equals("response")) {
      boolean replaced =
          json.at("/error/message").asText().equals("Gateway requester authority changed");
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
