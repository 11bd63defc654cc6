package dev.chowder.installation.site;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.chowder.cli.failure.CommandException;
import dev.chowder.cli.failure.ExitCode;
import dev.chowder.settings.OldSettings;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** Tests that commands refuse old names, except in a start after a reboot. */
class SettingNamesTest {
  private final List<String> messages = new ArrayList<>();

  @Test
  void everyOldVariableIsRefusedWithTheNewOne() {
    assertThat(OldSettings.newNames().keySet()).anyMatch(name -> name.startsWith("CHOWDER_"));
    OldSettings.newNames()
        .forEach(
            (old, now) ->
                assertRefused(
                    variablesWith(old), "%s was renamed to %s: set %s".formatted(old, now, now)));
  }

  @Test
  void everyRemovedNameIsRefusedWithTheReason() {
    assertThat(OldSettings.removed()).containsKey("CHOWDER_RATE_LIGHT_FACTOR");
    OldSettings.removed()
        .forEach(
            (name, why) ->
                assertRefused(
                    variablesWith(name),
                    "%s was removed, because %s: do not set it".formatted(name, why)));
  }

  @Test
  void anOldNameIsRefusedWithItsPlace() {
    assertRefused(Map.of("CHOWDER_READY_LIMIT", "5m"), "CHOWDER_READY_LIMIT was renamed");
    assertRefused(
        Map.of("CHOWDER_JAVA_OPTS", "-Xmx1g -Dchowder.effect.ready-limit=5m"),
        "CHOWDER_JAVA_OPTS: chowder.effect.ready-limit was renamed to"
            + " chowder.effect.ready-timeout: set chowder.effect.ready-timeout instead");
  }

  /** An empty value is set, too. */
  @Test
  void anOldNameWithAnEmptyValueIsRefused() {
    assertRefused(Map.of("CHOWDER_READY_LIMIT", ""), "CHOWDER_READY_LIMIT was renamed");
  }

  @Test
  void aStartAfterARebootUsesTheNewNames() {
    var variables =
        afterReboot(
            Map.of(
                "CHOWDER_READY_LIMIT",
                "5 m",
                "CHOWDER_JAVA_OPTS",
                "-Xmx1g -Dchowder.pool.calm=1s -Dchowder.pool.max-size=2"));
    assertThat(variables.all())
        .containsEntry("CHOWDER_READY_TIMEOUT", "5 m")
        .containsEntry(
            "CHOWDER_JAVA_OPTS", "-Xmx1g -Dchowder.pool.boot-delay=1s -Dchowder.pool.max-size=2")
        .doesNotContainKey("CHOWDER_READY_LIMIT");
    assertThat(messages).isEmpty();
  }

  /** The launcher passes the options to the JVM of the command. */
  @Test
  void aStartAfterARebootAlsoRenamesThePropertiesOfItsJvm() {
    System.setProperty("chowder.pool.calm", "1s");
    System.setProperty("chowder.instances.max-labels", "9");
    try {
      var _ =
          afterReboot(
              Map.of(
                  "CHOWDER_JAVA_OPTS", "-Dchowder.pool.calm=1s -Dchowder.instances.max-labels=9"));
      assertThat(System.getProperty("chowder.pool.boot-delay")).isEqualTo("1s");
      assertThat(System.getProperty("chowder.pool.calm")).isNull();
      assertThat(System.getProperty("chowder.instances.max-labels")).isNull();
    } finally {
      for (var name :
          List.of("chowder.pool.calm", "chowder.pool.boot-delay", "chowder.instances.max-labels")) {
        System.clearProperty(name);
      }
    }
  }

  @Test
  void aStartAfterARebootIgnoresRemovedNamesAndNamesThem() {
    var variables =
        afterReboot(
            Map.of(
                "CHOWDER_RATE_LIGHT_FACTOR",
                "9",
                "CHOWDER_JAVA_OPTS",
                "-Xmx1g -Dchowder.instances.max-labels=9\t-Dchowder.pool.max-size=2"));
    assertThat(messages)
        .containsExactlyInAnyOrder(
            ignored("CHOWDER_JAVA_OPTS: ", "chowder.instances.max-labels"),
            ignored("", "CHOWDER_RATE_LIGHT_FACTOR"));
    assertThat(variables.all())
        .doesNotContainKey("CHOWDER_RATE_LIGHT_FACTOR")
        .containsEntry("CHOWDER_JAVA_OPTS", "-Xmx1g\t-Dchowder.pool.max-size=2");
  }

  private static String ignored(String place, String name) {
    return "%s%s was removed, because %s: this start ignores it."
        .formatted(place, name, OldSettings.removed().get(name));
  }

  /** Without options, the server would get the default ones, such as a smaller heap. */
  @Test
  void optionsThatWereOnlyARemovedNameStayEmptyAfterAReboot() {
    var variables = afterReboot(Map.of("CHOWDER_JAVA_OPTS", "-Dchowder.instances.max-labels=9"));
    assertThat(variables.all()).containsEntry("CHOWDER_JAVA_OPTS", " ");
    assertThat(variables.find("CHOWDER_JAVA_OPTS")).contains(" ");
  }

  private static Map<String, String> variablesWith(String name) {
    return name.startsWith("CHOWDER_")
        ? Map.of(name, "100")
        : Map.of("CHOWDER_JAVA_OPTS", "-Xmx1g -D%s=100".formatted(name));
  }

  private Variables afterReboot(Map<String, String> environment) {
    var variables = Variables.withoutDefaults(environment);
    SettingNames.check(variables, true, messages::add);
    return variables;
  }

  private void assertRefused(Map<String, String> environment, String message) {
    var variables = Variables.withoutDefaults(environment);
    assertThatThrownBy(() -> SettingNames.check(variables, false, messages::add))
        .isInstanceOfSatisfying(
            CommandException.class, refused -> assertThat(refused.code()).isEqualTo(ExitCode.USAGE))
        .hasMessageContaining(message);
    assertThat(messages).isEmpty();
  }
}
