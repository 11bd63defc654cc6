package dev.chowder.cli.organization;

import static org.assertj.core.api.Assertions.assertThat;

import dev.chowder.cli.Ran;
import dev.chowder.cli.failure.ExitCode;
import dev.chowder.client.StubServer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(60)
class SignUpCommandTest {
  private static final String RESPONSE =
      "{\"organization\": {\"id\": \"o-1\", \"name\": \"my-team\"}, \"api_key\": \"the-new-key\"}";

  @TempDir Path home;
  private final Map<String, String> variables = new HashMap<>();
  private StubServer server;

  @BeforeEach
  void start() throws IOException {
    server = StubServer.start();
    variables.put("HOME", home.toString());
  }

  @AfterEach
  void stop() {
    server.close();
  }

  @Test
  void theKeyIsStoredAndNotShown() {
    server.answers(201, RESPONSE);
    var ran = run("sign-up", "my-team", "--url", server.url().toString(), "--use");
    assertThat(ran)
        .isEqualTo(new Ran(0, "o-1\n", "The key of my-team is in the context my-team.\n"));
    var request = server.requests().getFirst();
    assertThat(request.body()).isEqualTo("{\"name\":\"my-team\"}");
    assertThat(request.headers()).doesNotContainKeys("Authorization", "Idempotency-Key");
    server.answers(200, "{}");
    assertThat(run("org", "get").code()).isZero();
    assertThat(server.requests().getLast().headers())
        .containsEntry("Authorization", "Bearer the-new-key");
  }

  @Test
  void theServerOfAContextGetsNotItsKey() {
    server.answers(201, RESPONSE);
    variables.put("CHOWDER_URL", server.url().toString());
    variables.put("CHOWDER_KEY", "another-key");
    assertThat(run("sign-up", "My team!", "--save-as", "team").code()).isZero();
    assertThat(server.requests().getFirst().headers()).doesNotContainKey("Authorization");
    assertThat(run("context", "ls").output()).contains("team", server.url().toString());
  }

  /** The key is shown only once, so a sign-up must not fail after the call. */
  @Test
  void aContextThatCannotBeStoredIsRefusedBeforeTheCall() throws IOException {
    var url = server.url().toString();
    assertThat(run("sign-up", "My team!", "--url", url).code()).isEqualTo(ExitCode.USAGE.number());
    assertThat(run("sign-up", "local", "--url", url).code()).isEqualTo(ExitCode.USAGE.number());
    assertThat(run("sign-up", "a", "--ca", "/ca").code()).isEqualTo(ExitCode.USAGE.number());
    server.answers(201, RESPONSE);
    assertThat(run("sign-up", "my-team", "--url", url).code()).isZero();
    assertThat(run("sign-up", "my-team", "--url", url).errors()).contains("--save-as");
    Files.writeString(home.resolve("file"), "");
    variables.put("XDG_CONFIG_HOME", home.resolve("file").toString());
    assertThat(run("sign-up", "a", "--url", url).code()).isEqualTo(ExitCode.USAGE.number());
    assertThat(server.requests()).hasSize(1);
  }

  @Test
  void aKeyThatCannotBeStoredIsPrinted() {
    server.answers(201, RESPONSE.replace("the-new-key", "the new key"));
    var ran = run("sign-up", "my-team", "--url", server.url().toString());
    assertThat(ran.code()).isEqualTo(ExitCode.FAILED.number());
    assertThat(ran.output()).isEqualTo("the new key\n");
    assertThat(ran.errors()).contains("shown only once");
  }

  @Test
  void aClosedSignUpIsDenied() {
    server.fails(403, "SIGN_UP_CLOSED");
    var ran = run("sign-up", "my-team", "--url", server.url().toString());
    assertThat(ran.code()).isEqualTo(ExitCode.DENIED.number());
    assertThat(ran.errors()).contains("ask the operator");
    assertThat(run("context", "ls").output()).doesNotContain("my-team");
  }

  private Ran run(String... arguments) {
    return Ran.of(variables, "", "", arguments);
  }
}
