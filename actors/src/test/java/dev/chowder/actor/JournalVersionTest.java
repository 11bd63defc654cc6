package dev.chowder.actor;

import static org.assertj.core.api.Assertions.assertThat;

import com.typesafe.config.ConfigFactory;
import org.junit.jupiter.api.Test;

class JournalVersionTest {
  @Test
  void aNodeTellsTheOthersWhichVersionItReads() {
    var told =
        ConfigFactory.parseResources("chowder-pekko.conf").getString("pekko.cluster.app-version");
    assertThat(JournalVersion.parse(told)).isEqualTo(JournalVersion.CURRENT);
  }

  @Test
  void aVersionIsTheFirstNumberAndZeroWithoutOne() {
    assertThat(JournalVersion.parse("0.0.0")).isZero();
    assertThat(JournalVersion.parse("12.3")).isEqualTo(12);
    assertThat(JournalVersion.parse("unknown")).isZero();
    assertThat(JournalVersion.parse("")).isZero();
  }
}
