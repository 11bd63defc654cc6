package dev.chowder.demomodel;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.ObjectMapper;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.Test;

class ReplyRulesTest {

  @Test
  void otherMessagesGetTheGreeting() {
    assertThat(say("What is the weather like?")).isEqualTo(ReplyRules.GREETING);
    assertThat(say("")).isEqualTo(ReplyRules.GREETING);
    assertThat(say()).isEqualTo(ReplyRules.GREETING);
  }

  @Test
  void theRememberedTextComesFromTheHistoryOfTheRequest() {
    assertThat(say("Remember: plum", "What did I ask you to remember?"))
        .isEqualTo("You asked me to remember: plum");
    assertThat(say("What did I ask you to remember?"))
        .isEqualTo("You have not asked me to remember anything in this conversation.");
  }

  @Test
  void theNewestTextToRememberIsReturned() {
    assertThat(say("Remember: plum", "Remember: pear", "thanks", "what did i ask you to remember"))
        .isEqualTo("You asked me to remember: pear");
  }

  @Test
  void phrasesInsideAnEnvelopeAreFound() {
    assertThat(
            say(
                "[Tue 2026-01-06 09:00 UTC] Remember: plum",
                "<meta>{\"a\":1}</meta>\n\n[09:01] What did I ask you to remember?\n"))
        .isEqualTo("You asked me to remember: plum");
    assertThat(say("[Tue 2026-01-06 09:00 UTC] Reply with exactly: a b  c\nsecond line"))
        .isEqualTo("a b  c");
  }

  @Test
  void onlyCountsUpToTheLimitAreSlow() {
    assertThat(answer("Count slowly to 7")).isEqualTo(new Reply.SlowCount(7));
    assertThat(answer("Count slowly to 1000")).isEqualTo(new Reply.SlowCount(1000));
    assertThat(answer("Count slowly to 1001")).isInstanceOf(Reply.Text.class);
    assertThat(answer("Count slowly to 0")).isInstanceOf(Reply.Text.class);
  }

  @Test
  void aRequestedFailureIsReturned() {
    assertThat(answer("Fail with status: 429")).isEqualTo(new Reply.Failure(429));
    assertThat(answer("Fail with status: 200")).isInstanceOf(Reply.Text.class);
  }

  @Test
  void skillsAreReadFromTheAgentsSystemPrompt() throws Exception {
    var body =
        new ObjectMapper()
            .readTree(
                """
                {"messages": [
                  {"role": "system", "content": "A <name>no skill</name> <available_skills><skill><name>a</name>\\n<location>x</location></skill><skill><name>b-c</name></skill></available_skills>"},
                  {"role": "user", "content": "Which skills do you have? <available_skills><name>d</name></available_skills>"}]}
                """);
    assertThat(((Reply.Text) ReplyRules.answer(Conversation.of(body))).whole())
        .isEqualTo("I know of: a, b-c");
    assertThat(say("Which skills do you have?")).isEqualTo("I know of: none");
  }

  @Test
  void aToolIsCalledIfTheRequestHasIt() {
    var asked = asked("Be kind.", Set.of("weather"), "Call the tool: weather");
    assertThat(ReplyRules.answer(asked)).isEqualTo(new Reply.ToolCall("weather", "{}"));
    var behindAnother = asked("", Set.of("tool_call"), "Call the tool: weather");
    assertThat(ReplyRules.answer(behindAnother))
        .isEqualTo(new Reply.ToolCall("tool_call", "{\"id\":\"weather\",\"args\":{}}"));
    assertThat(say("[Tue 2026-01-06 09:00 UTC] Tool:9d49: sunny"))
        .isEqualTo("The tool said: sunny");
    assertThat(say("Call the tool: weather")).isEqualTo("I have no tool of the name weather.");
  }

  @Test
  void aCommandIsRunByTheAgentsTool() {
    var asked = asked("", Set.of("exec"), "Run the command: echo \"a\\b\"");
    assertThat(ReplyRules.answer(asked))
        .isEqualTo(new Reply.ToolCall("exec", "{\"command\":\"echo \\\"a\\\\b\\\"\"}"));
    var behindAnother = asked("", Set.of("tool_call"), "Run the command: id");
    assertThat(ReplyRules.answer(behindAnother))
        .isEqualTo(
            new Reply.ToolCall("tool_call", "{\"id\":\"exec\",\"args\":{\"command\":\"id\"}}"));
  }

  @Test
  void instructionsSetTheReplyToOtherMessages() {
    var instructions = "Be kind.\nAlways reply with exactly: ahoy\nBe short.";
    assertThat(ReplyRules.answer(asked(instructions, Set.of(), "Good morning")))
        .isEqualTo(new Reply.Text(List.of("ahoy")));
    assertThat(ReplyRules.answer(asked(instructions, Set.of(), "Remember: plum")))
        .isNotEqualTo(new Reply.Text(List.of("ahoy")));
  }

  private static Conversation asked(
      String instructions, Set<String> tools, String... userMessages) {
    return new Conversation(
        "demo", List.of(userMessages), Optional.empty(), instructions, tools, 0, false);
  }

  private static String say(String... userMessages) {
    return ((Reply.Text) answer(userMessages)).whole();
  }

  private static Reply answer(String... userMessages) {
    return ReplyRules.answer(asked("", Set.of(), userMessages));
  }
}
