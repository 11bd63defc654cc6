package dev.chowder.pool;

import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.typesafe.config.ConfigFactory;
import dev.chowder.settings.SettingsBinder;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class PoolSettingsTest {
  /** A check without a pause never starts, and members without an age are replaced forever. */
  @ParameterizedTest
  @ValueSource(strings = {"check-interval", "max-age"})
  void aTimeOfZeroIsRejected(String setting) {
    var config =
        ConfigFactory.parseString("chowder.pool." + setting + " = 0s")
            .withFallback(
                ConfigFactory.parseString(
                    "chowder.sleep.low-memory = 0.1, chowder.host.gateway-memory = 1 GiB"))
            .withFallback(ConfigFactory.load());
    assertThatThrownBy(() -> SettingsBinder.bind(config, PoolSettings.class))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("chowder.pool." + setting + ": must be greater than 0");
  }
}
