package dev.chowder.server.process;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import dev.chowder.settings.OldSettings;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Tests that scripts refuse old names, except in a start after a reboot. */
@Timeout(120)
class SettingNamesScriptTest {
  /** Prints the value of the variable {@code $3} after the settings are loaded, and the options. */
  private static final String SCRIPT =
      """
      set -euo pipefail
      BOOT_OF_EARLIER_VERSION="$2"
      . "$1/common.sh"
      . "$1/settings.sh"
      printf '%s %s\\n' "${!3:-unset}" "$CHOWDER_JAVA_OPTS"
      """;

  /** Loads the settings once for each old variable. */
  private static final String EACH =
      """
      set -euo pipefail
      . "$1/common.sh"
      . "$1/settings.sh"
      for old in ${@:2}; do (export "$old=1"; settings_check_names) || true; done
      """;

  @TempDir Path home;

  private record Result(int status, String output) {}

  private Result run(Map<String, String> environment, String script, List<String> arguments)
      throws Exception {
    var command = new ArrayList<>(List.of("bash", "-c", script, "settings"));
    command.add(Path.of("../scripts/lib").toRealPath().toString());
    command.addAll(arguments);
    var builder = new ProcessBuilder(command).redirectErrorStream(true);
    builder.environment().keySet().removeIf(name -> name.startsWith("CHOWDER_"));
    builder.environment().put("CHOWDER_HOME", home.toString());
    builder.environment().putAll(environment);
    var process = builder.start();
    var printed = new String(process.getInputStream().readAllBytes(), UTF_8);
    assertThat(process.waitFor(60, TimeUnit.SECONDS)).as(printed).isTrue();
    return new Result(process.exitValue(), printed);
  }

  @Test
  void everyOldVariableIsRefusedWithTheNewOne() throws Exception {
    var variables =
        OldSettings.newNames().keySet().stream().filter(n -> n.startsWith("CHOWDER_")).toList();
    assertThat(variables).isNotEmpty();
    var output = run(Map.of(), EACH, variables).output();
    for (var old : variables) {
      assertThat(output)
          .contains("%s was renamed to %s".formatted(old, OldSettings.newNames().get(old)));
    }
  }

  @Test
  void aScriptEndsAtAnOldName() throws Exception {
    var variable =
        run(Map.of("CHOWDER_READY_LIMIT", "5m"), SCRIPT, List.of("no", "CHOWDER_READY_TIMEOUT"));
    assertThat(variable.status()).isEqualTo(1);
    assertThat(variable.output()).contains("CHOWDER_READY_LIMIT was renamed");
    var option =
        run(
            Map.of("CHOWDER_JAVA_OPTS", "-Xmx1g -Dchowder.effect.ready-limit=5m"),
            SCRIPT,
            List.of("no", "CHOWDER_READY_TIMEOUT"));
    assertThat(option.status()).isEqualTo(1);
    assertThat(option.output())
        .contains("chowder.effect.ready-limit was renamed to chowder.effect.ready-timeout");
  }

  @Test
  void aScriptEndsAtARemovedName() throws Exception {
    assertThat(OldSettings.removed()).containsKey("CHOWDER_RATE_LIGHT_FACTOR");
    for (var removed : OldSettings.removed().entrySet()) {
      var name = removed.getKey();
      var environment =
          name.startsWith("CHOWDER_")
              ? Map.of(name, "100")
              : Map.of("CHOWDER_JAVA_OPTS", "-Xmx1g -D%s=100".formatted(name));
      var result = run(environment, SCRIPT, List.of("no", "CHOWDER_READY_TIMEOUT"));
      assertThat(result.status()).isEqualTo(1);
      assertThat(result.output()).contains(name + " was removed, because " + removed.getValue());
    }
  }

  @Test
  void aStartAfterARebootUsesTheNewNames() throws Exception {
    var started =
        run(
            Map.of(
                "CHOWDER_READY_LIMIT",
                "5 m",
                "CHOWDER_JAVA_OPTS",
                "-Xmx1g -Dchowder.pool.calm=1s -Dchowder.pool.max-size=2"),
            SCRIPT,
            List.of("yes", "CHOWDER_READY_TIMEOUT"));
    assertThat(started.output())
        .isEqualTo("5 m -Xmx1g -Dchowder.pool.boot-delay=1s -Dchowder.pool.max-size=2\n");
    assertThat(started.status()).isZero();
  }

  @Test
  void aStartAfterARebootIgnoresRemovedNamesAndNamesThem() throws Exception {
    var started =
        run(
            Map.of(
                "CHOWDER_RATE_LIGHT_FACTOR",
                "9",
                "CHOWDER_JAVA_OPTS",
                "-Xmx1g -Dchowder.instances.max-labels=9\t-Dchowder.pool.max-size=2"),
            SCRIPT,
            List.of("yes", "CHOWDER_RATE_LIGHT_FACTOR"));
    assertThat(started.output().lines())
        .containsExactly(
            ignored("CHOWDER_JAVA_OPTS: ", "chowder.instances.max-labels"),
            ignored("", "CHOWDER_RATE_LIGHT_FACTOR"),
            "unset -Xmx1g\t-Dchowder.pool.max-size=2");
    assertThat(started.status()).isZero();
  }

  private static String ignored(String place, String name) {
    return "%s%s was removed, because %s: this start ignores it."
        .formatted(place, name, OldSettings.removed().get(name));
  }

  /** Without options, the server would get the default ones, such as a smaller heap. */
  @Test
  void optionsThatWereOnlyARemovedNameStayEmptyAfterAReboot() throws Exception {
    var started =
        run(
            Map.of("CHOWDER_JAVA_OPTS", "-Dchowder.instances.max-labels=9"),
            SCRIPT,
            List.of("yes", "CHOWDER_READY_TIMEOUT"));
    assertThat(started.output().lines().toList().getLast()).isEqualTo("unset  ");
    assertThat(started.status()).isZero();
  }
}
