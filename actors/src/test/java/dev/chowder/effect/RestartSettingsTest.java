package dev.chowder.effect;

import static org.assertj.core.api.Assertions.assertThat;

import com.typesafe.config.ConfigFactory;
import dev.chowder.settings.SettingsBinder;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

class RestartSettingsTest {
  private static final Instant T0 = Instant.parse("2026-01-01T00:00:00Z");
  private final RestartSettings defaults =
      SettingsBinder.bind(ConfigFactory.load(), RestartSettings.class);

  @Test
  void consecutiveEngineLossesIncreaseTheDelayAndOldOnesDoNotCount() {
    var losses = new ArrayList<Instant>();
    var delays = new ArrayList<Duration>();
    for (int minute = 0; minute < 5; minute++) {
      losses.add(T0.plusSeconds(60L * minute));
      delays.add(defaults.delay(losses));
    }
    assertThat(delays)
        .containsExactly(
            Duration.ZERO,
            Duration.ofMinutes(1),
            Duration.ofMinutes(2),
            Duration.ofMinutes(4),
            Duration.ofMinutes(4));
    losses.add(T0.plus(Duration.ofHours(1)));
    assertThat(defaults.delay(losses)).isZero();
    assertThat(defaults.delay(List.of())).isZero();
  }

  @Test
  void simultaneousStartsAreSpaced() {
    var now = new AtomicLong(Long.MAX_VALUE - 5);
    var starts = new StartSpacing(Duration.ofNanos(10), now::get);
    assertThat(starts.untilNext()).isZero();
    assertThat(starts.untilNext()).isEqualTo(Duration.ofNanos(10));
    assertThat(starts.untilNext()).isEqualTo(Duration.ofNanos(20));
    now.addAndGet(25);
    assertThat(starts.untilNext()).isEqualTo(Duration.ofNanos(5));
    now.addAndGet(100);
    assertThat(starts.untilNext()).isZero();
  }
}
