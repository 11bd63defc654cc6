package dev.chowder.cli.config;

import static org.assertj.core.api.Assertions.assertThat;

import dev.chowder.cli.CommandFixture;
import dev.chowder.cli.failure.ExitCode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

@Timeout(60)
class ConfigCommandTest extends CommandFixture {
  private static final String INSTANCE =
      """
      {"id": "%s", "name": "my-agent", "status": "running", "openclaw_config":\
       {"messages": {"ackReaction": "e\\u001b[2J", "a.b": [1, null]}, "token": "***"}}
      """
          .formatted(ID);

  @TempDir Path folder;

  @Test
  void allOverridesAreShown() {
    server.answers(200, INSTANCE);
    assertThat(run("config", "get", ID).output())
        .isEqualTo(
            """
            {
              "messages": {
                "ackReaction": "e\\u001b[2J",
                "a.b": [
                  1,
                  null
                ]
              },
              "token": "***"
            }
            """);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '~',
      value = {
        "messages.ackReaction | e\\x1b[2J",
        "messages.a\\.b.       | ",
        "token                | ***",
        "token.x              | ",
        "messages.missing     | ",
        "'' | "
      })
  void oneOverrideIsShown(String path, String value) {
    server.answers(200, INSTANCE);
    var ran = run("config", "get", ID, path);
    assertThat(ran.output()).isEqualTo(value == null ? "" : value + "\n");
    assertThat(ran.code()).isEqualTo(value == null ? ExitCode.NOT_FOUND.number() : 0);
  }

  @Test
  void aNameMayHaveADot() {
    server.answers(200, INSTANCE);
    assertThat(run("config", "get", ID, "messages.a\\.b", "-o", "json").output())
        .isEqualTo("[1,null]\n");
  }

  @Test
  void anInstanceWithoutOverridesHasAnEmptyObject() {
    server.answers(200, "{\"id\": \"%s\"}".formatted(ID));
    assertThat(run("config", "get", ID, "-o", "json").output()).isEqualTo("{}\n");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '~',
      value = {
        "eyes          | \"eyes\"",
        "true          | true",
        "\"true\"      | \"true\"",
        "{\"a\": null} | {\"a\":null}",
        "1e3           | 1e3",
        "null          | null",
        "a: b          | \"a: b\"",
        "[1            | \"[1\"",
      })
  void aValueIsJsonOrText(String value, String sent) {
    server.answers(200, INSTANCE);
    var ran = run("config", "set", ID, "a.b", value);
    assertThat(ran.code()).isZero();
    assertThat(ran.errors()).isEqualTo("my-agent applies the change now.\n");
    var request = server.requests().getFirst();
    assertThat(request.method()).isEqualTo("PATCH");
    assertThat(request.body()).isEqualTo("{\"openclaw_config\":{\"a.b\":%s}}".formatted(sent));
  }

  @Test
  void aSecretIsReadAndNotShown() throws IOException {
    server.answers(200, INSTANCE.replace("running", "stopped")).answers(200, INSTANCE);
    var ran = runWith("12345\n", "", "config", "set", ID, "token", "--text");
    assertThat(ran.errors()).isEqualTo("my-agent applies the change at its next start.\n");
    var file = Files.writeString(folder.resolve("secret"), "the-secret\n").toString();
    ran = run("config", "set", ID, "token", "--value-file", file, "-o", "json");
    assertThat(ran.output()).startsWith("{\"messages\":").doesNotContain("the-secret");
    assertThat(server.requests())
        .extracting(request -> request.body())
        .containsExactly(
            "{\"openclaw_config\":{\"token\":\"12345\"}}",
            "{\"openclaw_config\":{\"token\":\"the-secret\"}}");
    assertThat(run("config", "set", ID, "token", "x", "--value-file", file).code())
        .isEqualTo(ExitCode.USAGE.number());
  }

  @Test
  void removedOverridesAreNull() {
    server.answers(200, INSTANCE);
    assertThat(run("config", "rm", ID, "a", "b.c").code()).isZero();
    assertThat(server.requests().getFirst().body())
        .isEqualTo("{\"openclaw_config\":{\"a\":null,\"b.c\":null}}");
  }
}
