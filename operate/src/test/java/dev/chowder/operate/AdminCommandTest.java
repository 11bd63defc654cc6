package dev.chowder.operate;

import static org.assertj.core.api.Assertions.assertThat;

import dev.chowder.cli.failure.ExitCode;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Tests the command line of {@code chowder admin}. */
class AdminCommandTest {
  @Test
  void theHelpListsAllCommandsAndReadsNoSettings() {
    var ran = run("--help");
    assertThat(ran.code()).isZero();
    assertThat(ran.output())
        .contains("Usage: chowder admin [-hV] COMMAND", "organizations", "move-to-postgresql")
        .contains("CHOWDER_HOME");
  }

  @Test
  void theVersionIsThatOfChowder() {
    assertThat(run("--version").output()).startsWith("chowder ");
  }

  @Test
  void theHelpOfACommandHasItsFullName() {
    assertThat(run("backup", "--help").output()).contains("Usage: chowder admin backup [");
    assertThat(run("master-key", "rotate", "--help").output())
        .contains("Usage: chowder admin master-key rotate");
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "backups", "backup", "backup a b", "nodes", "instances stop", "call"})
  void aWrongCommandLineIsOneSentence(String arguments) {
    var ran = run(arguments.isEmpty() ? new String[0] : arguments.split(" "));
    assertThat(ran.code()).isEqualTo(ExitCode.USAGE.number());
    assertThat(ran.errors().lines().toList().getLast()).startsWith("chowder: ").endsWith(".");
  }

  @Test
  void aSimilarCommandIsSuggested() {
    assertThat(run("organisations", "ls").errors()).contains("did you mean organizations");
  }

  @Test
  void anUnknownSettingIsRejected() {
    var ran = Ran.of(Map.of(), Map.of("chowder.sandbox.engines", "docker"), "", "nodes", "ls");
    assertThat(ran.code()).isEqualTo(ExitCode.USAGE.number());
    assertThat(ran.errors())
        .contains("no setting is named chowder.sandbox.engines (nearest: chowder.sandbox.engine)");
  }

  private static Ran run(String... arguments) {
    return Ran.of(Map.of(), Map.of("chowder.bind", "no address"), "", arguments);
  }
}
