package dev.chowder.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.chowder.cli.failure.ExitCode;
import dev.chowder.cli.output.StrictJson;
import dev.chowder.client.StubServer;
import java.io.IOException;
import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Tests commands with a server that is none of Chowder, or that means harm. */
@Timeout(60)
class HostileServerTest extends CommandFixture {
  @ParameterizedTest
  @ValueSource(ints = {301, 302, 303, 307, 308})
  void aRedirectDoesNotReceiveTheKey(int status) throws IOException {
    try (var other = StubServer.start()) {
      server.answers(status, "", "Location", other.url() + "/v1/instances");
      assertOneSentence(run("ls"), ExitCode.FAILED);
      assertThat(other.requests()).isEmpty();
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "<html>Sign in</html>",
        "",
        "null",
        "[]",
        "{\"instances\": {}}",
        "{\"instances\": [1]}",
        "{\"instances\": [{\"created_at\": \"yesterday\"}]}",
        "{\"instances\": [{\"revision\": 1e999}]}",
        "{\"next_page_token\": []}"
      })
  void aListThatIsNoneIsOneSentence(String body) {
    server.answers(200, body);
    assertOneSentence(run("ls"), ExitCode.FAILED);
  }

  @Test
  void deepJsonIsOneSentence() {
    var deep = "{\"instances\": " + "[".repeat(1_000_000);
    server.answers(200, deep);
    assertOneSentence(run("ls"), ExitCode.FAILED);
    server.answers(200, deep);
    assertOneSentence(run("channels", "ls", ID, "-o", "json"), ExitCode.FAILED);
    server.answers(503, deep, "x-should-retry", "false");
    assertOneSentence(run("ls"), ExitCode.UNAVAILABLE);
  }

  /** Programs read standard output, so it must not have the page of a proxy. */
  @Test
  void jsonForProgramsIsJson() {
    String[][] commands = {
      {"channels", "ls", ID}, {"gateway", "get", ID}, {"org", "get"}, {"skills", "get", ID, "s"}
    };
    for (var command : commands) {
      server.answers(200, "<html>Sign in</html>");
      var arguments = Arrays.copyOf(command, command.length + 2);
      arguments[command.length] = "-o";
      arguments[command.length + 1] = "json";
      var ran = run(arguments);
      assertOneSentence(ran, ExitCode.FAILED);
      assertThat(ran.output()).isEmpty();
    }
  }

  @Test
  void aHugeErrorIsCut() {
    server.answers(400, "{\"message\": \"%s\"}".formatted("x".repeat(60_000)));
    var ran = run("ls");
    assertThat(ran.errors()).hasSizeLessThan(3000);
    assertOneSentence(ran, ExitCode.CONFLICT);
  }

  @Test
  void aPageThatIsTooLargeIsOneSentence() {
    server.answers(200, "{\"x\": \"%s\"}".formatted("x".repeat(33 << 20)));
    assertOneSentence(run("ls"), ExitCode.FAILED);
  }

  private static void assertOneSentence(Ran ran, ExitCode code) {
    assertThat(ran.code()).as(ran.errors()).isEqualTo(code.number());
    assertThat(ran.errors()).hasLineCount(1);
    if (ran.errors().startsWith("{")) {
      assertThat(StrictJson.parse(ran.errors())).isNotNull();
    } else {
      assertThat(ran.errors()).startsWith("chowder: ").endsWith(".\n");
    }
    assertThat(ran.errors()).doesNotContain("a bug");
  }
}
