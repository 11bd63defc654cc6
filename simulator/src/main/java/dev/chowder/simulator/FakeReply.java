package dev.chowder.simulator;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;

/** A response in OpenClaw's format of {@code /v1/responses}, as a whole or as events. */
record FakeReply(String id, String messageId, String text, long createdAtSeconds) {

  /** Returns a response that repeats the last text. */
  static FakeReply to(JsonNode request) {
    return new FakeReply(
        "resp_" + UUID.randomUUID(),
        "msg_" + UUID.randomUUID(),
        "You said: " + lastText(request.path("input")),
        System.currentTimeMillis() / 1000);
  }

  static String lastText(JsonNode input) {
    if (input.isTextual()) {
      return input.asText();
    }
    String last = "";
    for (JsonNode item : input) {
      JsonNode content = item.path("content");
      last =
          content.isTextual()
              ? content.asText()
              : content.findPath("text").asText(item.path("text").asText(last));
    }
    return last;
  }

  String whole() {
    return response("completed").toString();
  }

  private ObjectNode response(String status) {
    ObjectNode response = FakeOpenClaw.JSON.createObjectNode();
    response
        .put("id", id)
        .put("object", "response")
        .put("created_at", createdAtSeconds)
        .put("status", status)
        .put("model", "openclaw/main");
    if (status.equals("completed")) {
      response.putArray("output").add(message());
    } else {
      response.putArray("output");
    }
    response
        .putObject("usage")
        .put("input_tokens", 0)
        .put("output_tokens", 0)
        .put("total_tokens", 0);
    return response;
  }

  private ObjectNode message() {
    ObjectNode message = FakeOpenClaw.JSON.createObjectNode();
    message.put("type", "message").put("id", messageId).put("role", "assistant");
    message.putArray("content").addObject().put("type", "output_text").put("text", text);
    return message.put("status", "completed");
  }

  List<String> events() {
    List<String> events = new ArrayList<>();
    // Lets a client measure the latency from here.
    ObjectNode created = response("in_progress");
    created.putObject("metadata").put("written_at", Instant.now().toString());
    events.add(event("response.created", created));
    for (String word : text.splitWithDelimiters(" ", 0)) {
      ObjectNode delta = FakeOpenClaw.JSON.createObjectNode();
      delta.put("type", "response.output_text.delta").put("item_id", messageId);
      delta.put("output_index", 0).put("content_index", 0).put("delta", word);
      events.add(line("response.output_text.delta", delta));
    }
    ObjectNode done = FakeOpenClaw.JSON.createObjectNode();
    done.put("type", "response.output_text.done").put("item_id", messageId);
    done.put("output_index", 0).put("content_index", 0).put("text", text);
    events.add(line("response.output_text.done", done));
    events.add(event("response.completed", response("completed")));
    events.add("data: [DONE]\n\n");
    return events;
  }

  private static String event(String type, ObjectNode response) {
    ObjectNode data = FakeOpenClaw.JSON.createObjectNode().put("type", type);
    data.set("response", response);
    return line(type, data);
  }

  private static String line(String type, ObjectNode data) {
    return "event: " + type + "\ndata: " + data + "\n\n";
  }
}
