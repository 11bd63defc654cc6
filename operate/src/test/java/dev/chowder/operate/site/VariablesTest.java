package dev.chowder.operate.site;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.chowder.cli.failure.CommandException;
import java.util.Map;
import org.junit.jupiter.api.Test;

class VariablesTest {
  /** A key in the boot script would be on the disk, and another key would restart nodes. */
  @Test
  void variablesOfUsersAreNotThoseOfAnInstallation() {
    var caller =
        Map.of(
            "HOME", "/home/me",
            "CHOWDER_KEY", "canary",
            "CHOWDER_KEY_FILE", "/home/me/key",
            "CHOWDER_URL", "https://chowder.example.com",
            "CHOWDER_CONTEXT", "prod",
            "CHOWDER_REST_PORT", "18080");
    assertThat(Variables.withoutDefaults(caller).all())
        .containsOnlyKeys("HOME", "CHOWDER_REST_PORT");
    assertThat(Variables.of(caller).all())
        .containsEntry("CHOWDER_REST_PORT", "18080")
        .containsEntry("CHOWDER_HOME", "/home/me/.local/share/chowder")
        .doesNotContainKeys("CHOWDER_KEY", "CHOWDER_KEY_FILE", "CHOWDER_URL", "CHOWDER_CONTEXT");
  }

  @Test
  void aWrongNumberIsRefusedByName() {
    var variables = Variables.of(Map.of("CHOWDER_REST_PORT", "0", "CHOWDER_STOP_SECONDS", "0"));
    assertThat(variables.seconds("CHOWDER_STOP_SECONDS", 60)).isZero();
    assertThatThrownBy(() -> variables.port("CHOWDER_REST_PORT"))
        .isInstanceOf(CommandException.class)
        .hasMessage("CHOWDER_REST_PORT: must be a number from 1 to 65535; got 0");
  }
}
