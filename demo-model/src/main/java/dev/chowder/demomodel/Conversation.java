package dev.chowder.demomodel;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;

/**
 * What a chat completions request says that matters here. It refuses to know what the model itself
 * said before, so that an answer can only come from what somebody wrote.
 *
 * @param model the model's name, echoed in the answer; any name is accepted
 * @param userMessages the text of each message of the role {@code user}, oldest first; parts of one
 *     message joined by line breaks, parts that are not text left out, and what OpenClaw marks as
 *     its own context for the model left out too: OpenClaw sends that as one more user message
 *     behind the user's
 * @param toolResult what a tool said, when nothing was said after it
 * @param instructions the text of all messages of the roles {@code system} and {@code developer}
 * @param tools the names of the tools that it offers
 * @param characters of all messages together, whatever their role; the measure for {@code
 *     usage.prompt_tokens}
 * @param stream whether the answer is wanted as Server-Sent Events
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

  /** As OpenClaw writes it into the system prompt. */
  private static final Pattern SKILLS =
      Pattern.compile("<available_skills>(.*?)</available_skills>", Pattern.DOTALL);

  private static final Pattern SKILL = Pattern.compile("<name>([^<]+)</name>");

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
          // What the model itself said.
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

  /** The names of the skills that the agent tells of, in its order. */
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
