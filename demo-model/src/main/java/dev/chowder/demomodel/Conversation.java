package dev.chowder.demomodel;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.List;

/**
 * What a chat completions request says that matters here: the user's messages in order. It refuses
 * to know the system prompt, the tools and what the model itself said before, so that an answer can
 * only come from what the user wrote.
 *
 * @param model the model's name, echoed in the answer; any name is accepted
 * @param userMessages the text of each message of the role {@code user}, oldest first; parts of one
 *     message joined by line breaks, parts that are not text left out
 * @param characters of all messages together, whatever their role; the measure for {@code
 *     usage.prompt_tokens}
 * @param stream whether the answer is wanted as Server-Sent Events
 * @param usageInStream whether the stream shall close with a chunk that carries {@code usage}
 */
record Conversation(
    String model,
    List<String> userMessages,
    int characters,
    boolean stream,
    boolean usageInStream) {

  /**
   * Reads a request's body.
   *
   * @throws IllegalArgumentException naming the field, what it got and what it expects
   */
  static Conversation of(JsonNode body) {
    if (!body.isObject()) {
      throw new IllegalArgumentException("body: not a JSON object (expected: one)");
    }
    JsonNode messages = body.path("messages");
    if (!messages.isArray() || messages.isEmpty()) {
      throw new IllegalArgumentException("messages: none (expected: an array of at least one)");
    }
    List<String> user = new ArrayList<>();
    int characters = 0;
    for (JsonNode message : messages) {
      String text = text(message.path("content"));
      characters += text.length();
      if (message.path("role").asText().equals("user")) {
        user.add(text);
      }
    }
    return new Conversation(
        body.path("model").asText("demo"),
        List.copyOf(user),
        characters,
        body.path("stream").asBoolean(false),
        body.path("stream_options").path("include_usage").asBoolean(false));
  }

  /** Content is a string, or an array of parts of which some are text. */
  private static String text(JsonNode content) {
    if (content.isTextual()) {
      return content.asText();
    }
    List<String> parts = new ArrayList<>();
    for (JsonNode part : content) {
      if (part.isTextual()) {
        parts.add(part.asText());
      } else if (part.path("text").isTextual()) {
        parts.add(part.path("text").asText());
      }
    }
    return String.join("\n", parts);
  }
}
