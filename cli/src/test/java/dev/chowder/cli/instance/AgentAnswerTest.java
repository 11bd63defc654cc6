package dev.chowder.cli.instance;

import static org.assertj.core.api.Assertions.assertThat;

import dev.chowder.cli.instance.AgentAnswer.Event;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class AgentAnswerTest {
  @Test
  void partsOfTheTextAreFound() {
    assertThat(AgentAnswer.event("{\"type\":\"response.output_text.delta\",\"delta\":\"Hi\"}"))
        .isEqualTo(new Event.Text("Hi"));
  }

  @Test
  void theEndHasTheWholeText() {
    assertThat(
            AgentAnswer.event(
                """
                {"type": "response.completed", "response": {"output": [{"type": "reasoning"},
                  {"content": [{"text": "Hello, "}, {"text": "world"}, 7]}, null]}}
                """))
        .isEqualTo(new Event.Completed("Hello, world"));
  }

  @Test
  void failuresHaveTheirReason() {
    assertThat(
            AgentAnswer.event(
                """
                {"type": "response.failed", "response": {"error": {"message": "no model"}}}
                """))
        .isEqualTo(new Event.Failed("no model"));
    assertThat(AgentAnswer.event("{\"type\": \"error\", \"message\": \"overloaded\"}"))
        .isEqualTo(new Event.Failed("overloaded"));
    assertThat(AgentAnswer.event("{\"type\": \"error\", \"error\": \"text\"}"))
        .isEqualTo(new Event.Failed("the agent gave no reason"));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "[DONE]",
        "",
        "null",
        "7",
        "{}",
        "{\"type\": {}}",
        "{\"type\": \"response.created\"}",
        "{"
      })
  void anythingElseIsIgnored(String data) {
    assertThat(AgentAnswer.event(data)).isEqualTo(new Event.Other());
  }

  @Test
  void aDeltaThatIsNoTextIsEmpty() {
    assertThat(AgentAnswer.event("{\"type\":\"response.output_text.delta\",\"delta\":{}}"))
        .isEqualTo(new Event.Text(""));
  }

  @Test
  void aWholeResponseMayHaveFailed() {
    assertThat(AgentAnswer.failureOf("{\"status\": \"completed\"}")).isEmpty();
    assertThat(AgentAnswer.failureOf("{\"status\": \"failed\", \"error\": {\"message\": \"x\"}}"))
        .isEqualTo("x");
    assertThat(AgentAnswer.failureOf("<html>")).isNotEmpty();
  }
}
