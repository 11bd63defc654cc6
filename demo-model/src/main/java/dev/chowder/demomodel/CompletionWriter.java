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
 * Writes one answer in OpenAI's form, streamed or whole, piece by piece; it refuses to know why
 * these are the pieces.
 *
 * @param tool the tool that is called instead of saying something
 * @param pause before each piece; zero for none
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
   * @throws IOException when the client has gone away
   * @throws InterruptedException when the server is being closed
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
    // Also when nobody asked: OpenClaw asks a custom provider for none, and counts what it gets.
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
        // White space may stand in front of JSON; writing it is the only way to notice that the
        // client is gone.
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
    // The same answer to the same question: no clock.
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
