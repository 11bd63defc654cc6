package dev.chowder.server.gateway;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.google.protobuf.ByteString;
import dev.chowder.server.error.ApiError;

/**
 * How an error looks after the first event of a stream: too late for a status. The fields are those
 * that clients in OpenAI's style read, at the top level and under {@code error}.
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
    // The blank line before it ends an event that was cut in the middle.
    return ByteString.copyFromUtf8("\n\nevent: error\ndata: " + json + "\n\n");
  }
}
