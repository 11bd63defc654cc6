package dev.chowder.demomodel;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Decides the answer from the conversation and nothing else: no state, no clock, no chance. It
 * refuses to know HTTP.
 *
 * <p>The newest user message is searched for these phrases, wherever in it they stand and in
 * whatever case, because an agent may put a timestamp or an envelope around what its user wrote.
 * The first that is found counts:
 *
 * <ul>
 *   <li>{@code Reply with exactly: X} answers {@code X} (to the end of the line) and nothing else.
 *   <li>{@code What did I ask you to remember?} answers {@code You asked me to remember: X} with
 *       the X of the newest {@code Remember: X} among the user's earlier messages, or says that
 *       there was none. So the answer proves that the caller sent its history along.
 *   <li>{@code Remember: X} answers {@code I will remember: X}; it is kept nowhere.
 *   <li>{@code Count slowly to N} answers the numbers 1 to N, 1 &lt;= N &lt;= 1000, one piece each,
 *       with a pause before each.
 *   <li>{@code Which skills do you have?} answers {@code I know of: X, Y} with the names of the
 *       skills that the agent tells its model of.
 *   <li>{@code Call the tool: NAME} calls that tool of the request, without arguments; where an
 *       agent keeps its tools behind one of the name {@code tool_call}, through that one. What the
 *       tool says, also as {@code Tool:ID: X} from an agent, is answered as {@code The tool said:
 *       X}.
 *   <li>{@code Fail with status: N} answers with the HTTP status N, 400 to 599.
 * </ul>
 *
 * Anything else gets what the instructions say by {@code Always reply with exactly: X}, or one
 * polite sentence that says what this is.
 */
final class ReplyRules {
  static final int MAX_COUNT = 1000;
  static final String GREETING =
      "Hello! I am Chowder's demo model, not a language model: I give the same answer to the same words.";

  /** OpenClaw's: calls any tool of its catalog, its callers' too. */
  private static final String INDIRECT = "tool_call";

  private static final Pattern EXACTLY = phrase("reply with exactly:[ \\t]*(.+)");
  private static final Pattern RECALL = phrase("what did i ask you to remember");
  private static final Pattern REMEMBER = phrase("remember:[ \\t]*(.+)");
  private static final Pattern SKILLS = phrase("which skills do you have");
  private static final Pattern COUNT = phrase("count slowly to (\\d{1,4})\\b");
  private static final Pattern TOOL = phrase("call the tool:[ \\t]*([A-Za-z0-9_-]+)");
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
    Optional<String> result = find(RESULT, newest);
    if (result.isPresent()) {
      return text("The tool said: " + result.get());
    }
    Optional<String> exactly = find(EXACTLY, newest);
    if (exactly.isPresent()) {
      return text(exactly.get());
    }
    if (RECALL.matcher(newest).find()) {
      return text(recall(messages.subList(0, messages.size() - 1)));
    }
    if (SKILLS.matcher(newest).find()) {
      List<String> skills = conversation.skills();
      return text("I know of: " + (skills.isEmpty() ? "none" : String.join(", ", skills)));
    }
    Optional<String> remember = find(REMEMBER, newest);
    if (remember.isPresent()) {
      return text("I will remember: " + remember.get());
    }
    Optional<Integer> count =
        find(COUNT, newest).map(Integer::valueOf).filter(n -> n >= 1 && n <= MAX_COUNT);
    if (count.isPresent()) {
      return new Reply.SlowCount(count.get());
    }
    Optional<String> tool = find(TOOL, newest);
    if (tool.isPresent()) {
      return call(conversation, tool.get());
    }
    return find(FAIL, newest)
        .<Reply>map(status -> new Reply.Failure(Integer.parseInt(status)))
        .orElseGet(() -> text(otherwise));
  }

  private static Reply call(Conversation conversation, String tool) {
    if (conversation.tools().contains(tool)) {
      return new Reply.ToolCall(tool, "{}");
    }
    // The name is made of letters, digits, _ and -.
    return conversation.tools().contains(INDIRECT)
        ? new Reply.ToolCall(INDIRECT, "{\"id\":\"" + tool + "\",\"args\":{}}")
        : text("I have no tool of the name " + tool + ".");
  }

  private static String recall(List<String> earlier) {
    return earlier.reversed().stream()
        .flatMap(message -> find(REMEMBER, message).stream())
        .findFirst()
        .map(what -> "You asked me to remember: " + what)
        .orElse("You have not asked me to remember anything in this conversation.");
  }

  /** Pieces of one word each, so that a stream has something to stream. */
  private static Reply.Text text(String whole) {
    List<String> chunks = new ArrayList<>();
    Matcher words = Pattern.compile("\\S+\\s*|\\s+").matcher(whole);
    while (words.find()) {
      chunks.add(words.group());
    }
    return new Reply.Text(List.copyOf(chunks));
  }

  /** The newest occurrence: an envelope may quote older messages in front of the user's own. */
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
