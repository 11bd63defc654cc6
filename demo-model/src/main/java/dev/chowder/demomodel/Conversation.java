package dev.chowder.demomodel;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;

/**
 * What a chat completions request says that matters here: the user's messages in order. It refuses
 * to know the system prompt, the tools and what the model itself said before, so that an answer can
 * only come from what the user wrote.
 *
 * @param model the model's name, echoed in the answer; any name is accepted
 * @param userMessages the text of each message of the role {@code user}, oldest first; parts of one
 *     message joined by line breaks, parts that are not text left out, and what OpenClaw marks as
 *     its own context for the model left out too: OpenClaw sends that as one more user message
 *     behind the user's
 * @param characters of all messages together, whatever their role; the measure for {@code
 *     usage.prompt_tokens}
 * @param stream whether the answer is wanted as Server-Sent Events
 */
record Conversation(String model, List<String> userMessages, int characters, boolean stream) {

  private static final Pattern AGENT_CONTEXT =
      Pattern.compile(
          "<<<BEGIN_OPENCLAW_INTERNAL_CONTEXT>>>.*?<<<END_OPENCLAW_INTERNAL_CONTEXT>>>",
          Pattern.DOTALL);

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
        String own = AGENT_CONTEXT.matcher(text).replaceAll("").strip();
        if (!own.isEmpty()) {
          user.add(own);
        }
      }
    }
    return new Conversation(
        body.path("model").asText("demo"),
        List.copyOf(user),
        characters,
        body.path("stream").asBoolean(false));
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
