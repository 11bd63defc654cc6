package dev.chowder.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.gson.JsonParser;
import dev.chowder.cli.failure.ClientFailure;
import dev.chowder.cli.failure.CommandException;
import dev.chowder.client.Api;
import dev.chowder.client.StubServer;
import dev.chowder.client.failure.ClientException;
import dev.chowder.client.failure.ClientException.Kind;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Tests exit codes and remedies of failed calls. */
@Timeout(60)
class ClientFailureTest {
  private StubServer server;

  @BeforeEach
  void start() throws IOException {
    server = StubServer.start();
  }

  @AfterEach
  void stop() {
    server.close();
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "401|KEY_INVALID|4|m; set CHOWDER_KEY, or add a context with a valid key",
        "404|INSTANCE_NOT_FOUND|3|m; \"chowder ls\" lists all instances",
        "409|WRONG_STATE|5|m; \"chowder get\" shows the status",
        "400|INVALID_FIELD|2|m",
        "400|MODEL_PROVIDER_NOT_CONFIGURED|5|m; configure it with \"chowder org set-provider\"",
        "500|INTERNAL|1|m",
        "504|NO_ANSWER_IN_TIME|7|m; it may have been executed: \"chowder get\" shows the status",
      })
  void anErrorOfTheServerHasACodeAndARemedy(int status, String reason, int code, String message) {
    server.fails(status, reason, "x-should-retry", "false");
    var ran = ls();
    assertThat(ran.code()).isEqualTo(code);
    assertThat(ran.errors()).startsWith("chowder: " + message).endsWith(".\n");
  }

  @Test
  void anErrorShowsTheIdOfItsRequest() {
    server.fails(409, "WRONG_STATE", "x-request-id", "0a-1b");
    assertThat(run("ls").errors())
        .isEqualTo("chowder: m; \"chowder get\" shows the status (request 0a-1b).\n");
  }

  @Test
  void anErrorOfACommandForProgramsIsJson() {
    server.fails(404, "INSTANCE_NOT_FOUND", "x-request-id", "0a-1b");
    var ran = run("ls", "-o", "json");
    assertThat(ran.output()).isEmpty();
    assertThat(JsonParser.parseString(ran.errors()))
        .isEqualTo(
            JsonParser.parseString(
                """
                {"message": "m; \\"chowder ls\\" lists all instances", "exit_code": 3,
                 "status": 404, "reason": "INSTANCE_NOT_FOUND", "request_id": "0a-1b"}
                """));
  }

  @Test
  void callsAreShownWithoutTheKey() {
    server.fails(503, "NO_CAPACITY").answers(200, "{\"instances\": []}");
    assertThat(run("ls", "--debug").errors().lines().limit(2))
        .allMatch(line -> line.matches("GET /v1/instances\\S*: (503|200) in [0-9]+ ms"));
  }

  @Test
  void aLongPauseIsNamed() {
    server.fails(503, "NO_CAPACITY", "Retry-After", "90");
    assertThat(ls().errors()).isEqualTo("chowder: m; repeat the command after 90 s.\n");
  }

  @Test
  void anErrorOfAnotherServerIsExplained() {
    server.answers(404, "<html>\u001b[31m not Chowder</html>");
    assertThat(ls().errors()).contains("HTTP 404", "URL of the context");
  }

  @Test
  void onlyLongPausesOfRepetitionsArePrinted() {
    var lines = new ArrayList<String>();
    var notices = ClientFailure.notices(lines::add);
    var cause = new ClientException(Kind.UNREACHABLE, "cannot reach it");
    notices.accept(new Api.Retry(cause, Duration.ofMillis(999)));
    notices.accept(new Api.Retry(cause, Duration.ofMillis(3200)));
    assertThat(lines)
        .containsExactly(
            "chowder: cannot reach it; start it, or choose another context; next try in 3 s.");
  }

  @ParameterizedTest
  @CsvSource({
    "INVALID,2,m",
    "NO_CONTEXT,3,m",
    "NO_KEY,4,m",
    "CERTIFICATE_REJECTED,4,--client-certificate",
    "NO_TLS,6,http://",
    "UNTRUSTED,6,--ca",
    "UNREACHABLE,6,another context",
    "CONNECTION_LOST,6,m",
    "TIMED_OUT,7,m",
    "TOO_LARGE,1,ask for less",
    "UNREADABLE,1,URL of the context",
    "INTERRUPTED,130,m",
  })
  void eachKindHasItsCode(Kind kind, int code, String words) {
    CommandException failure = ClientFailure.of(new ClientException(kind, "m."));
    assertThat(failure.code().number()).isEqualTo(code);
    assertThat(failure).hasMessageContaining(words).hasMessageMatching("m(; .*)?");
  }

  private Ran ls() {
    return run("ls");
  }

  private Ran run(String... arguments) {
    var variables = Map.of("CHOWDER_URL", server.url().toString(), "CHOWDER_KEY", "k");
    return Ran.of(variables, "", "", arguments);
  }
}
