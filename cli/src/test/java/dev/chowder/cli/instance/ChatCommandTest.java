package dev.chowder.cli.instance;

import static org.assertj.core.api.Assertions.assertThat;

import dev.chowder.cli.CommandFixture;
import dev.chowder.cli.Ran;
import dev.chowder.cli.failure.ExitCode;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class ChatCommandTest extends CommandFixture {
  @Test
  void anAnswerIsPrintedWithoutControlOfTheTerminal() {
    server.streams(delta("Hel\\u001b[2"), delta("Jlo\\n"), delta("\\u0007!"), completed());
    var ran = run("chat", ID, "Hi", "there");
    assertThat(ran).isEqualTo(new Ran(0, "Hello\n!\n", ""));
    assertThat(server.requests().getFirst().body())
        .isEqualTo("{\"input\":\"Hi there\",\"stream\":true}");
  }

  @Test
  void aMessageCanComeFromStandardInput() {
    server.streams(completed());
    assertThat(runWith("from a\npipe\n", "", "chat", ID, "--session", "a b").output())
        .isEqualTo("whole\n");
    var request = server.requests().getFirst();
    assertThat(request.body()).contains("from a\\npipe\"");
    assertThat(request.target()).isEqualTo("/v1/instances/" + ID + "/session/a%20b/responses");
  }

  @Test
  void onATerminalEachLineIsAMessage() {
    server.streams(delta("one"), completed()).fails(502, "GATEWAY_UNAVAILABLE");
    server.streams(delta("three"), completed());
    var ran = runWith("1\n2\n\n3\n", "02", "chat", ID);
    assertThat(ran.code()).isZero();
    assertThat(ran.output()).isEqualTo("one\nthree\n");
    assertThat(ran.errors()).contains("chowder: m; \"chowder logs\"");
  }

  @Test
  void anAnswerThatEndsEarlyIsAFailure() {
    server.streams(delta("one"));
    var ran = run("chat", ID, "Hi");
    assertThat(ran.code()).isEqualTo(ExitCode.UNAVAILABLE.number());
    assertThat(server.requests()).as("the message is not repeated").hasSize(1);
  }

  @Test
  void aFailedAnswerIsAFailure() {
    server.streams(failed("no credit"));
    var ran = run("chat", ID, "Hi");
    assertThat(ran.code()).isEqualTo(ExitCode.FAILED.number());
    assertThat(ran.errors()).contains("no credit");
  }

  @Test
  void aMessageThatTheAgentDidNotBeginIsSentOnceMore() {
    server.streams(failed("Gateway requester authority changed")).streams(completed());
    assertThat(run("chat", ID, "Hi").output()).isEqualTo("whole\n");
    server.streams(failed("Gateway requester authority changed"));
    server.streams(failed("Gateway requester authority changed"));
    assertThat(run("chat", ID, "Hi").code()).isEqualTo(ExitCode.UNAVAILABLE.number());
    assertThat(server.requests()).hasSize(4);
  }

  @Test
  void aModelThatCannotBeReachedIsShownBeforeTheAnswer() {
    var instance =
        """
        {"id": "%s", "name": "my-agent", "stages": [{"name": "onboard", "note": "no route"}]}
        """
            .formatted(ID);
    server.answers(200, "{\"instances\": [%s]}".formatted(instance)).streams(completed());
    assertThat(run("chat", "my-agent", "Hi"))
        .isEqualTo(
            new Ran(
                0,
                "whole\n",
                "chowder: the last start of my-agent noted at stage onboard: no route.\n"));
  }

  private static String delta(String text) {
    return "{\"type\": \"response.output_text.delta\", \"delta\": \"%s\"}".formatted(text);
  }

  private static String completed() {
    return "{\"type\": \"response.completed\", \"response\": {\"output\": [{\"content\": [{\"text\": \"whole\"}]}]}}";
  }

  private static String failed(String message) {
    return "{\"type\": \"response.failed\", \"response\": {\"error\": {\"message\": \"%s\"}}}"
        .formatted(message);
  }
}
