package dev.chowder.demomodel;

import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.sun.net.httpserver.HttpExchange;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Writes one chat completion in OpenAI's format, streamed or as one JSON object. Does not choose
 * its content.
 *
 * @param tool the tool to call instead of a text reply; empty if none
 * @param pause time before each chunk; zero disables it
 */
record CompletionWriter(
    HttpExchange exchange,
    JsonMapper json,
    Conversation conversation,
    List<String> chunks,
    Optional<Reply.ToolCall> tool,
    Duration pause) {
  private static final int CHARACTERS_PER_TOKEN = 4;

  /**
   * Writes the response.
   *
   * @throws IOException if the client has disconnected
   * @throws InterruptedException if the server is closing
   */
  void write() throws IOException, InterruptedException {
    exchange
        .getResponseHeaders()
        .set("Content-Type", conversation.stream() ? "text/event-stream" : "application/json");
    exchange.sendResponseHeaders(200, 0);
    try (OutputStream out = exchange.getResponseBody()) {
      if (conversation.stream()) {
        writeStream(out);
      } else {
        writeWhole(out);
      }
    }
  }

  private void writeStream(OutputStream out) throws IOException, InterruptedException {
    boolean first = true;
    for (String chunk : chunks) {
      waitBeforePiece();
      ObjectNode delta = json.createObjectNode();
      if (first) {
        delta.put("role", "assistant");
        first = false;
      }
      delta.put("content", chunk);
      event(out, chunk("chat.completion.chunk", "delta", delta, null));
    }
    if (tool.isPresent()) {
      ObjectNode delta = json.createObjectNode().put("role", "assistant");
      call(delta).put("index", 0);
      event(out, chunk("chat.completion.chunk", "delta", delta, null));
    }
    event(out, chunk("chat.completion.chunk", "delta", json.createObjectNode(), finishReason()));
    // Sent even if not requested: OpenClaw does not request usage from a custom provider, but
    // counts it.
    ObjectNode usage = envelope("chat.completion.chunk");
    usage.putArray("choices");
    usage.set("usage", usage());
    event(out, usage);
    send(out, "data: [DONE]\n\n");
  }

  private void writeWhole(OutputStream out) throws IOException, InterruptedException {
    if (!pause.isZero()) {
      for (int i = 0; i < chunks.size(); i++) {
        waitBeforePiece();
        // JSON may begin with white space. Only a write detects a disconnected client.
        send(out, " ");
      }
    }
    ObjectNode message = json.createObjectNode();
    message.put("role", "assistant");
    message.put("content", String.join("", chunks));
    if (tool.isPresent()) {
      call(message);
    }
    ObjectNode completion = chunk("chat.completion", "message", message, finishReason());
    completion.set("usage", usage());
    send(out, json.writeValueAsString(completion));
  }

  private String finishReason() {
    return tool.isPresent() ? "tool_calls" : "stop";
  }

  private ObjectNode call(ObjectNode message) {
    ObjectNode call = message.putArray("tool_calls").addObject();
    call.put("id", "call_demo").put("type", "function");
    Reply.ToolCall wanted = tool.orElseThrow();
    call.putObject("function").put("name", wanted.name()).put("arguments", wanted.arguments());
    return call;
  }

  private ObjectNode chunk(
      String object, String field, ObjectNode value, @Nullable String finishReason) {
    ObjectNode chunk = envelope(object);
    ObjectNode choice = chunk.putArray("choices").addObject();
    choice.put("index", 0);
    choice.set(field, value);
    choice.put("finish_reason", finishReason);
    return chunk;
  }

  private ObjectNode envelope(String object) {
    ObjectNode envelope = json.createObjectNode();
    envelope.put("id", "chatcmpl-demo");
    envelope.put("object", object);
    // Constant, so that the same request always gets the same response.
    envelope.put("created", 0);
    envelope.put("model", conversation.model());
    return envelope;
  }

  private ObjectNode usage() {
    int prompt = tokens(conversation.characters());
    int completion = tokens(chunks.stream().mapToInt(String::length).sum());
    ObjectNode usage = json.createObjectNode();
    usage.put("prompt_tokens", prompt);
    usage.put("completion_tokens", completion);
    usage.put("total_tokens", prompt + completion);
    return usage;
  }

  private static int tokens(int characters) {
    return Math.ceilDiv(characters, CHARACTERS_PER_TOKEN);
  }

  private void waitBeforePiece() throws InterruptedException {
    if (!pause.isZero()) {
      Thread.sleep(pause);
    }
  }

  private void event(OutputStream out, ObjectNode data) throws IOException {
    send(out, "data: " + json.writeValueAsString(data) + "\n\n");
  }

  private static void send(OutputStream out, String text) throws IOException {
    out.write(text.getBytes(StandardCharsets.UTF_8));
    out.flush();
  }
}
