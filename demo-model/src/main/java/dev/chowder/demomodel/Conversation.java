package dev.chowder.demomodel;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;

/**
 * The parts of a chat completions request that the demo model uses. Excludes earlier replies of the
 * model, so that a reply can only repeat what the user, a tool or the agent wrote.
 *
 * @param model the model's name, repeated in the response; any name is accepted
 * @param userMessages the text of each message with the role {@code user}, oldest first. Parts of
 *     one message are joined by line breaks, and parts that are not text are excluded. OpenClaw's
 *     own context for the model is also excluded; OpenClaw sends it as an additional user message
 *     after the user's
 * @param toolResult the result of a tool, if no message follows it
 * @param instructions the text of all messages with the roles {@code system} and {@code developer}
 * @param tools the names of the tools in the request
 * @param characters number of characters of all messages with any role, from which {@code
 *     usage.prompt_tokens} is computed
 * @param stream whether to respond with Server-Sent Events
 */
record Conversation(
    String model,
    List<String> userMessages,
    Optional<String> toolResult,
    String instructions,
    Set<String> tools,
    int characters,
    boolean stream) {

  private static final Pattern AGENT_CONTEXT =
      Pattern.compile(
          "<<<BEGIN_OPENCLAW_INTERNAL_CONTEXT>>>.*?<<<END_OPENCLAW_INTERNAL_CONTEXT>>>",
          Pattern.DOTALL);

  /** OpenClaw's list of skills in the system prompt. */
  private static final Pattern SKILLS =
      Pattern.compile("<available_skills>(.*?)</available_skills>", Pattern.DOTALL);

  private static final Pattern SKILL = Pattern.compile("<name>([^<]+)</name>");

  /**
   * Reads a request's body.
   *
   * @throws IllegalArgumentException if a field is invalid; the message names the field and its
   *     rule
   */
  static Conversation of(JsonNode body) {
    if (!body.isObject()) {
      throw new IllegalArgumentException("body: must be a JSON object");
    }
    JsonNode messages = body.path("messages");
    if (!messages.isArray() || messages.isEmpty()) {
      throw new IllegalArgumentException("messages: must be an array with at least 1 element");
    }
    List<String> user = new ArrayList<>();
    List<String> instructions = new ArrayList<>();
    Optional<String> toolResult = Optional.empty();
    int characters = 0;
    for (JsonNode message : messages) {
      String text = text(message.path("content"));
      characters += text.length();
      switch (message.path("role").asText()) {
        case "user" -> {
          String own = AGENT_CONTEXT.matcher(text).replaceAll("").strip();
          if (!own.isEmpty()) {
            user.add(own);
            toolResult = Optional.empty();
          }
        }
        case "tool" -> toolResult = Optional.of(text);
        case "system", "developer" -> instructions.add(text);
        default -> {
          // Ignores replies of the model itself.
        }
      }
    }
    return new Conversation(
        body.path("model").asText("demo"),
        List.copyOf(user),
        toolResult,
        String.join("\n", instructions),
        tools(body.path("tools")),
        characters,
        body.path("stream").asBoolean(false));
  }

  private static Set<String> tools(JsonNode tools) {
    Set<String> names = new HashSet<>();
    for (JsonNode tool : tools) {
      names.add(tool.at("/function/name").asText());
    }
    return Set.copyOf(names);
  }

  /** Returns the names of the skills in the agent's system prompt, in its order. */
  List<String> skills() {
    return SKILLS
        .matcher(instructions)
        .results()
        .flatMap(block -> SKILL.matcher(block.group(1)).results())
        .map(skill -> skill.group(1))
        .toList();
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
