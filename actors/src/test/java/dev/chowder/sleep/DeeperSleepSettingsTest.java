package dev.chowder.sleep;

import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.typesafe.config.ConfigFactory;
import dev.chowder.settings.SettingsBinder;
import org.junit.jupiter.api.Test;

class DeeperSleepSettingsTest {
  /** A check without a pause never starts. */
  @Test
  void anIntervalOfZeroIsRejected() {
    var config =
        ConfigFactory.parseString("chowder.sleep.check-interval = 0s")
            .withFallback(ConfigFactory.load());
    assertThatThrownBy(() -> SettingsBinder.bind(config, DeeperSleepSettings.class))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("chowder.sleep.check-interval: must be greater than 0");
  }
}
