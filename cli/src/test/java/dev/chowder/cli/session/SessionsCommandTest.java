package dev.chowder.cli.session;

import static org.assertj.core.api.Assertions.assertThat;

import dev.chowder.cli.CommandFixture;
import dev.chowder.cli.failure.ExitCode;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class SessionsCommandTest extends CommandFixture {
  private static final String SESSION =
      """
      {"id": "ben", "created_at": "2026-01-01T10:00:00.5Z", "used_at": "2026-01-01T11:00:00Z"}
      """
          .strip();

  @Test
  void sessionsAreListed() {
    server.answers(200, "{\"sessions\": [%s], \"next_page_token\": \"\"}".formatted(SESSION));
    assertThat(run("sessions", "ls", ID).output())
        .isEqualTo(
            """
            SESSION  BUSY  CREATED               USED
            ben      no    2026-01-01T10:00:00Z  2026-01-01T11:00:00Z
            """);
    assertThat(server.requests().getFirst().target())
        .isEqualTo("/v1/instances/" + ID + "/sessions?page_size=100");
  }

  @Test
  void messagesEndWithTheNewestAndCannotControlTheTerminal() {
    server
        .answers(
            200, history("2", message("assistant", "b\\u001b[2J\\nc\\u0007"), message("x\\n", "a")))
        .answers(200, history("", message("user", "first")));
    assertThat(run("sessions", "get", ID, "user 7").output())
        .isEqualTo(
            """
            user:
            first

            x\\x0a:
            a

            assistant:
            b
            c

            """);
    assertThat(server.requests().getFirst().target())
        .isEqualTo("/v1/instances/" + ID + "/sessions/user%207?page_size=20");
    assertThat(server.requests().getLast().target()).endsWith("?page_size=18&page_token=2");
  }

  @Test
  void jsonHasTheSession() {
    server.answers(200, history("", message("user", "first")));
    assertThat(run("sessions", "get", ID, "ben", "-o", "json").output())
        .startsWith("{\"session\":{\"id\":\"ben\"")
        .contains("\"messages\":[{\"role\":\"user\",\"text\":\"first\"}]");
  }

  @Test
  void aSessionIsDeletedOnlyWithConsent() {
    assertThat(run("sessions", "rm", ID, "ben").code()).isEqualTo(ExitCode.USAGE.number());
    assertThat(server.requests()).isEmpty();
    server.answers(204, "").fails(404, "SESSION_NOT_FOUND");
    assertThat(run("sessions", "rm", ID, "../ben", "--yes").code()).isZero();
    assertThat(server.requests().getFirst().target()).endsWith("/sessions/..%2Fben");
    var missing = run("sessions", "rm", ID, "ben", "--yes");
    assertThat(missing.code()).isEqualTo(ExitCode.NOT_FOUND.number());
    assertThat(missing.errors()).contains("chowder sessions ls");
  }

  private static String message(String role, String text) {
    return "{\"role\": \"%s\", \"text\": \"%s\"}".formatted(role, text);
  }

  private static String history(String next, String... messages) {
    return "{\"session\": %s, \"messages\": [%s], \"next_page_token\": \"%s\"}"
        .formatted(SESSION, String.join(",", messages), next);
  }
}
