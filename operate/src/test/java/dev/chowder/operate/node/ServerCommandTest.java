package dev.chowder.operate.node;

import static org.assertj.core.api.Assertions.assertThat;

import dev.chowder.operate.site.Variables;
import dev.chowder.settings.SettingNames;
import java.util.Map;
import org.junit.jupiter.api.Test;

class ServerCommandTest {
  private static final String IGNORE = "-D" + SettingNames.IGNORE_UNKNOWN + "=true";

  @Test
  void aNodeThatIgnoresUnknownSettingsKeepsItsOptions() {
    var variables = Variables.withoutDefaults(Map.of("CHOWDER_JAVA_OPTS", "-Xmx1g -Dchowder.x=1"));
    ServerCommand.ignoreUnknownSettings(variables);
    assertThat(ServerCommand.options(variables)).containsExactly("-Xmx1g", "-Dchowder.x=1", IGNORE);
  }

  @Test
  void aNodeThatIgnoresUnknownSettingsKeepsTheDefaultOptions() {
    var variables = Variables.withoutDefaults(Map.of());
    var defaults = ServerCommand.options(variables);
    ServerCommand.ignoreUnknownSettings(variables);
    assertThat(defaults).isNotEmpty();
    assertThat(ServerCommand.options(variables))
        .startsWith(defaults.toArray(String[]::new))
        .endsWith(IGNORE);
  }
}
