package dev.chowder.cli.instance;

import static org.assertj.core.api.Assertions.assertThat;

import dev.chowder.cli.CommandFixture;
import dev.chowder.cli.Ran;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(60)
class CompleteCommandTest extends CommandFixture {
  private static final Ran NOTHING = new Ran(0, "", "");

  @TempDir Path folder;

  @Test
  void namesThatBeginWithTheLastWordAreListed() {
    server.answers(200, list("my-b", "my-a", "my-a"));
    assertThat(complete("instances", "stop", "my")).isEqualTo(new Ran(0, "my-a\nmy-b\n", ""));
    assertThat(server.requests().getFirst().target())
        .isEqualTo("/v1/instances?page_size=100&name_prefix=my");
  }

  /** Shells expand the words of a completion. */
  @Test
  void namesThatAShellWouldExpandAreLeftOut() {
    server.answers(200, list("$(touch /tmp/x)", "`id`", "a b", "*", "-rf", "a;b", "safe", "ü"));
    assertThat(complete("instances", "stop", "").output()).isEqualTo("safe\n");
  }

  @Test
  void failuresAreNotShown() {
    server.fails(401, "KEY_INVALID");
    assertThat(complete("instances", "stop", "")).isEqualTo(NOTHING);
    server.answers(200, "<html>");
    assertThat(complete("instances", "stop", "")).isEqualTo(NOTHING);
    server.answers(200, "{\"instances\": [1, {}, {\"name\": []}]}");
    assertThat(complete("instances", "stop", "")).isEqualTo(NOTHING);
    assertThat(Ran.of(Map.of("HOME", "/nowhere"), "", "", "complete", "instances"))
        .isEqualTo(NOTHING);
  }

  @Test
  @Timeout(20)
  void aServerThatHangsDelaysTheUserForASecond() {
    server.neverAnswers();
    assertThat(run("complete", "instances", "--", "stop", "")).isEqualTo(NOTHING);
  }

  @Test
  void theContextOfTheLineIsUsed() throws IOException {
    var file = folder.resolve(".config/chowder/contexts.json");
    Files.createDirectories(file.getParent());
    Files.writeString(
        file,
        "{\"contexts\": {\"prod\": {\"url\": \"%s\", \"key\": \"of-prod\"}}}"
            .formatted(server.url()));
    Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rw-------"));
    var variables = new HashMap<>(Map.of("HOME", folder.toString()));
    String[][] lines = {
      {"--context", "prod", "stop", "a"},
      {"stop", "--context=prod", "a"},
      {"stop", "--context", "=", "prod", "a"}
    };
    for (var line : lines) {
      server.answers(200, list("a"));
      assertThat(Ran.of(variables, "", "", arguments("instances", line)))
          .isEqualTo(new Ran(0, "a\n", ""));
    }
    assertThat(server.requests())
        .hasSize(3)
        .allSatisfy(
            request ->
                assertThat(request.headers()).containsEntry("Authorization", "Bearer of-prod"));
    assertThat(Ran.of(variables, "", "", arguments("contexts", "context", "use", "p")))
        .isEqualTo(new Ran(0, "prod\n", ""));
    assertThat(Ran.of(variables, "", "", arguments("contexts", "--context", "")))
        .isEqualTo(new Ran(0, "local\nprod\n", ""));
  }

  @Test
  void theCommandIsHidden() {
    assertThat(run("--help").output()).doesNotContain("complete ");
    assertThat(run("completion", "fish").output())
        .contains("(command chowder complete instances -- ", "complete contexts -- ")
        .doesNotContain("-a complete");
  }

  private Ran complete(String kind, String... words) {
    return run(arguments(kind, words));
  }

  /** Returns a command with more time than users have, because the machine may be busy. */
  private static String[] arguments(String kind, String... words) {
    return Stream.concat(
            Stream.of("complete", "--timeout", "60s", kind, "--"), Arrays.stream(words))
        .toArray(String[]::new);
  }

  private static String list(String... names) {
    var instances = new StringBuilder();
    for (var name : names) {
      instances.append(instances.isEmpty() ? "" : ",").append("{\"name\": \"" + name + "\"}");
    }
    return "{\"instances\": [%s], \"next_page_token\": \"\"}".formatted(instances);
  }
}
