package dev.chowder.cli.instance;

import static org.assertj.core.api.Assertions.assertThat;

import dev.chowder.cli.CommandFixture;
import dev.chowder.cli.Ran;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.HashMap;
import java.util.Map;
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
    assertThat(run("complete", "instances", "--", "stop", "my"))
        .isEqualTo(new Ran(0, "my-a\nmy-b\n", ""));
    assertThat(server.requests().getFirst().target())
        .isEqualTo("/v1/instances?page_size=100&name_prefix=my");
  }

  /** Shells expand the words of a completion. */
  @Test
  void namesThatAShellWouldExpandAreLeftOut() {
    server.answers(200, list("$(touch /tmp/x)", "`id`", "a b", "*", "-rf", "a;b", "safe", "ü"));
    assertThat(run("complete", "instances", "--", "stop", "").output()).isEqualTo("safe\n");
  }

  @Test
  void failuresAreNotShown() {
    server.fails(401, "KEY_INVALID");
    assertThat(run("complete", "instances", "--", "stop", "")).isEqualTo(NOTHING);
    server.answers(200, "<html>");
    assertThat(run("complete", "instances", "--", "stop", "")).isEqualTo(NOTHING);
    server.answers(200, "{\"instances\": [1, {}, {\"name\": []}]}");
    assertThat(run("complete", "instances", "--", "stop", "")).isEqualTo(NOTHING);
    assertThat(Ran.of(Map.of("HOME", "/nowhere"), "", "", "complete", "instances"))
        .isEqualTo(NOTHING);
  }

  @Test
  @Timeout(20)
  void aServerThatHangsDelaysNobody() {
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
      var arguments = new String[line.length + 3];
      System.arraycopy(new String[] {"complete", "instances", "--"}, 0, arguments, 0, 3);
      System.arraycopy(line, 0, arguments, 3, line.length);
      assertThat(Ran.of(variables, "", "", arguments)).isEqualTo(new Ran(0, "a\n", ""));
    }
    assertThat(server.requests())
        .hasSize(3)
        .allSatisfy(
            request ->
                assertThat(request.headers()).containsEntry("Authorization", "Bearer of-prod"));
    assertThat(Ran.of(variables, "", "", "complete", "contexts", "--", "context", "use", "p"))
        .isEqualTo(new Ran(0, "prod\n", ""));
    assertThat(Ran.of(variables, "", "", "complete", "contexts", "--", "--context", ""))
        .isEqualTo(new Ran(0, "local\nprod\n", ""));
  }

  @Test
  void theCommandIsHidden() {
    assertThat(run("--help").output()).doesNotContain("complete ");
    assertThat(run("completion", "fish").output())
        .contains("(command chowder complete instances -- ", "complete contexts -- ")
        .doesNotContain("-a complete");
  }

  private static String list(String... names) {
    var instances = new StringBuilder();
    for (var name : names) {
      instances.append(instances.isEmpty() ? "" : ",").append("{\"name\": \"" + name + "\"}");
    }
    return "{\"instances\": [%s], \"next_page_token\": \"\"}".formatted(instances);
  }
}
