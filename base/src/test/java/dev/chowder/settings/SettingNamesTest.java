package dev.chowder.settings;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.typesafe.config.ConfigFactory;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Tests unknown settings. The only setting of this module is chowder.home. */
class SettingNamesTest {
  @AfterEach
  void forgetProperties() {
    System.clearProperty("chowder.hone");
    System.clearProperty(SettingNames.IGNORE_UNKNOWN);
    ConfigFactory.invalidateCaches();
  }

  @Test
  void knownSettingsAndPropertiesOfOtherProgramsAreAccepted() {
    assertAccepted("chowder.home = /tmp/x, chowder-tool.root = /opt, pekko.loglevel = INFO");
    assertAccepted("chowder {}, chowder.none {}");
  }

  @Test
  void allUnknownSettingsAreRefusedWithTheNearestName() {
    assertRefused(
        "chowder { homes = /tmp/x, home.folder = a, aaa.bbb = 1 }",
        "cannot start: no setting is named chowder.aaa.bbb (nearest: chowder.home),"
            + " chowder.home.folder (nearest: chowder.home), chowder.homes (nearest: chowder.home);"
            + " correct or remove it");
    assertRefused("chowder = 5", "no setting is named chowder (nearest: chowder.home)");
  }

  /** The defaults of the library include the properties of the JVM. */
  @Test
  void anUnknownPropertyOfTheJvmIsRefused() {
    System.setProperty("chowder.hone", "/tmp/x");
    ConfigFactory.invalidateCaches();
    assertThatThrownBy(() -> SettingNames.check(ConfigFactory.load(), Map.of()))
        .hasMessageContaining("no setting is named chowder.hone (nearest: chowder.home)");
  }

  @Test
  void anUnknownSettingCanBeIgnored() {
    System.setProperty(SettingNames.IGNORE_UNKNOWN, "true");
    assertAccepted("chowder.hone = /tmp/x");
  }

  @Test
  void theNearestNameNeedsTheFewestChanges() {
    var names = List.of("max-restarts", "max-size", "interval");
    assertThat(NearestName.of("max-restart", names)).isEqualTo("max-restarts");
    assertThat(NearestName.of("size", names)).isEqualTo("max-size");
    assertThat(NearestName.of("internal", names)).isEqualTo("interval");
    assertThat(NearestName.of("", names)).isEqualTo("interval");
    assertThat(NearestName.similar("max-sise", names)).contains("max-size");
    assertThat(NearestName.similar("mxa-size", names)).contains("max-size");
    assertThat(NearestName.similar("max-sums", names)).isEmpty();
    assertThat(NearestName.similar("xyz", List.of("abc", "xyzabc"))).isEmpty();
    assertThat(NearestName.similar("xy", List.of())).isEmpty();
  }

  @Test
  void variablesAreThoseOfTheDefaults() {
    assertThat(SettingNames.variables()).containsExactly("CHOWDER_HOME");
  }

  private static void assertAccepted(String settings) {
    var config = ConfigFactory.parseString(settings).withFallback(ConfigFactory.load());
    assertThatCode(() -> SettingNames.check(config, Map.of())).doesNotThrowAnyException();
  }

  private static void assertRefused(String settings, String message) {
    var config = ConfigFactory.parseString(settings).withFallback(ConfigFactory.load());
    assertThatThrownBy(() -> SettingNames.check(config, Map.of()))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining(message);
  }
}
