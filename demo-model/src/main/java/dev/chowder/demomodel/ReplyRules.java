package dev.chowder.demomodel;

import com.fasterxml.jackson.databind.node.TextNode;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Chooses the reply from the conversation only, without state, time or randomness. Does not know
 * HTTP.
 *
 * <p>It searches the newest user message for these phrases at any position and in any case. An
 * agent may put a timestamp or an envelope around the user's message. The first match in this list
 * counts:
 *
 * <ul>
 *   <li>{@code Reply with exactly: X} returns {@code X} (to the end of the line) and nothing else.
 *   <li>{@code What did I ask you to remember?} returns {@code You asked me to remember: X} with
 *       the X of the newest {@code Remember: X} in the user's earlier messages, or reports that
 *       there is none. The reply proves that the caller sent its history.
 *   <li>{@code Remember: X} returns {@code I will remember: X}, and stores nothing.
 *   <li>{@code Count slowly to N} returns the numbers 1 to N, 1 &lt;= N &lt;= 1000, one chunk each,
 *       with a pause before each.
 *   <li>{@code Which skills do you have?} returns {@code I know of: X, Y} with the names of the
 *       skills in the agent's system prompt.
 *   <li>{@code Call the tool: NAME} calls that tool of the request without arguments. If the
 *       request has no such tool but one with the name {@code tool_call}, it calls the tool through
 *       that one. A tool's result, also as {@code Tool:ID: X} from an agent, is returned as {@code
 *       The tool said: X}.
 *   <li>{@code Run the command: X} calls the tool {@code exec} with the command X (to the end of
 *       the line), in the same way.
 *   <li>{@code Fail with status: N} returns the HTTP status N, 400 to 599.
 * </ul>
 *
 * Any other message gets the X of {@code Always reply with exactly: X} in the instructions, or one
 * sentence that describes the demo model.
 */
final class ReplyRules {
  static final int MAX_COUNT = 1000;
  static final String GREETING =
      "Hello! I am Chowder's demo model, not a language model: I give the same answer to the same words.";

  /** OpenClaw's tool that calls any tool of its catalog, including the callers' tools. */
  private static final String INDIRECT = "tool_call";

  /** OpenClaw's tool that runs a command. */
  private static final String EXEC = "exec";

  private static final Pattern EXACTLY = phrase("reply with exactly:[ \\t]*(.+)");
  private static final Pattern RECALL = phrase("(what did i ask you to remember)");
  private static final Pattern REMEMBER = phrase("remember:[ \\t]*(.+)");
  private static final Pattern SKILLS = phrase("(which skills do you have)");
  private static final Pattern COUNT = phrase("count slowly to (\\d{1,4})\\b");
  private static final Pattern TOOL = phrase("call the tool:[ \\t]*([A-Za-z0-9_-]+)");
  private static final Pattern COMMAND = phrase("run the command:[ \\t]*(.+)");
  private static final Pattern RESULT = phrase("\\btool:\\S+:[ \\t]*(.+)");
  private static final Pattern ALWAYS = phrase("always reply with exactly:[ \\t]*(.+)");
  private static final Pattern FAIL = phrase("fail with status:[ \\t]*([45]\\d\\d)\\b");

  private ReplyRules() {}

  static Reply answer(Conversation conversation) {
    if (conversation.toolResult().isPresent()) {
      return text("The tool said: " + conversation.toolResult().get());
    }
    String otherwise = find(ALWAYS, conversation.instructions()).orElse(GREETING);
    List<String> messages = conversation.userMessages();
    if (messages.isEmpty()) {
      return text(otherwise);
    }
    String newest = messages.getLast();
    List<String> earlier = messages.subList(0, messages.size() - 1);
    return find(RESULT, newest)
        .<Reply>map(result -> text("The tool said: " + result))
        .or(() -> find(EXACTLY, newest).map(ReplyRules::text))
        .or(() -> find(RECALL, newest).map(_ -> text(recall(earlier))))
        .or(() -> find(SKILLS, newest).map(_ -> text(skills(conversation.skills()))))
        .or(() -> find(REMEMBER, newest).map(what -> text("I will remember: " + what)))
        .or(() -> count(newest))
        .or(() -> find(TOOL, newest).map(tool -> call(conversation, tool, "{}")))
        .or(() -> find(COMMAND, newest).map(command -> call(conversation, EXEC, exec(command))))
        .or(() -> find(FAIL, newest).map(status -> new Reply.Failure(Integer.parseInt(status))))
        .orElseGet(() -> text(otherwise));
  }

  private static String skills(List<String> skills) {
    return "I know of: " + (skills.isEmpty() ? "none" : String.join(", ", skills));
  }

  private static Optional<Reply> count(String newest) {
    return find(COUNT, newest)
        .map(Integer::valueOf)
        .filter(n -> n >= 1 && n <= MAX_COUNT)
        .map(Reply.SlowCount::new);
  }

  private static String exec(String command) {
    return "{\"command\":" + TextNode.valueOf(command) + "}";
  }

  /** Calls a tool of this request with arguments, which are a JSON object. */
  private static Reply call(Conversation conversation, String tool, String arguments) {
    if (conversation.tools().contains(tool)) {
      return new Reply.ToolCall(tool, arguments);
    }
    // The name needs no escaping: it has only letters, digits, _ and -.
    return conversation.tools().contains(INDIRECT)
        ? new Reply.ToolCall(INDIRECT, "{\"id\":\"" + tool + "\",\"args\":" + arguments + "}")
        : text("I have no tool of the name " + tool + ".");
  }

  private static String recall(List<String> earlier) {
    return earlier.reversed().stream()
        .flatMap(message -> find(REMEMBER, message).stream())
        .findFirst()
        .map(what -> "You asked me to remember: " + what)
        .orElse("You have not asked me to remember anything in this conversation.");
  }

  /** Splits text into chunks of one word, so that a stream has several events. */
  private static Reply.Text text(String whole) {
    List<String> chunks = new ArrayList<>();
    Matcher words = Pattern.compile("\\S+\\s*|\\s+").matcher(whole);
    while (words.find()) {
      chunks.add(words.group());
    }
    return new Reply.Text(List.copyOf(chunks));
  }

  /** Returns the last match, because an envelope may quote older messages before the user's own. */
  private static Optional<String> find(Pattern pattern, String message) {
    return pattern
        .matcher(message)
        .results()
        .reduce((first, second) -> second)
        .map(match -> match.group(1).strip());
  }

  private static Pattern phrase(String regex) {
    return Pattern.compile(regex, Pattern.CASE_INSENSITIVE);
  }
}
