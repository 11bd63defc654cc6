package dev.chowder.actor;

import static org.assertj.core.api.Assertions.assertThat;

import com.typesafe.config.ConfigFactory;
import org.junit.jupiter.api.Test;

class JournalVersionTest {
  @Test
  void theConfigurationAnnouncesTheCurrentVersion() {
    var announced =
        ConfigFactory.parseResources("chowder-pekko.conf").getString("pekko.cluster.app-version");
    assertThat(JournalVersion.parse(announced)).isEqualTo(JournalVersion.CURRENT);
  }

  @Test
  void theVersionIsTheFirstNumberOrZero() {
    assertThat(JournalVersion.parse("0.0.0")).isZero();
    assertThat(JournalVersion.parse("12.3")).isEqualTo(12);
    assertThat(JournalVersion.parse("unknown")).isZero();
    assertThat(JournalVersion.parse("")).isZero();
  }
}
