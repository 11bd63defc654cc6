package dev.chowder.server.gateway;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.google.protobuf.ByteString;
import dev.chowder.server.error.ApiError;

/**
 * Formats an error as a server-sent event, for errors after the first event of a stream, when it is
 * too late for a status. OpenAI-style clients read its fields, at the top level or under {@code
 * error}.
 */
final class SseErrorEvent {
  private SseErrorEvent() {}

  static ByteString of(ApiError error) {
    var json = JsonNodeFactory.instance.objectNode();
    json.put("type", "error");
    json.put("code", error.reason().name());
    json.put("message", error.message());
    json.putNull("param");
    var nested = json.putObject("error");
    nested.put("type", "server_error");
    nested.put("code", error.reason().name());
    nested.put("message", error.message());
    // The leading blank line ends an event that was cut off.
    return ByteString.copyFromUtf8("\n\nevent: error\ndata: " + json + "\n\n");
  }
}
