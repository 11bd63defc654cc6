package dev.chowder.openclaw;

import static org.assertj.core.api.Assertions.assertThat;

import com.typesafe.config.ConfigFactory;
import dev.chowder.settings.SettingNames;
import java.util.Map;
import org.junit.jupiter.api.Test;

class OpenClawSettingsTest {
  @Test
  void usersMayAddLimitsOfOtherMethods() {
    assertThat(wrong("any.method { max-bytes = 1KiB, max-tokens = 10 }")).isEmpty();
    assertThat(wrong("any.method.max-byte = 1KiB"))
        .startsWith("no setting is named chowder.openclaw.responses.methods.any.method.max-byte");
    assertThat(wrong("max-bytes = 1KiB"))
        .startsWith("no setting is named chowder.openclaw.responses.methods.max-bytes");
  }

  /** Returns what is wrong with settings in the section of methods. */
  private static String wrong(String settings) {
    var added =
        ConfigFactory.parseString("chowder.openclaw.responses.methods { %s }".formatted(settings));
    return SettingNames.wrong(added.withFallback(ConfigFactory.load()), Map.of()).orElse("");
  }
}
