package dev.chowder.server.rate;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.typesafe.config.ConfigFactory;
import dev.chowder.api.v1.Reason;
import dev.chowder.server.auth.RejectionDelay;
import dev.chowder.server.error.ApiError;
import dev.chowder.server.error.Rejection;
import dev.chowder.server.rate.BodyLimit.Settings;
import dev.chowder.settings.SettingsBinder;
import java.time.Duration;
import java.util.OptionalLong;
import org.junit.jupiter.api.Test;

class BodyLimitTest {
  private static final Duration DELAY = Duration.ofMillis(40);
  private static final OptionalLong UNKNOWN = OptionalLong.empty();

  /** Refills so slowly that nothing becomes available during a test. */
  private final BodyLimit limit =
      new BodyLimit(new Settings(1, 10_000, 100, 4_000, 10), new RejectionDelay(DELAY, 1));

  @Test
  void bytesInProgressAreLimitedPerOrganization() {
    limit.admit("a", OptionalLong.of(3_900));
    limit.admit("a", UNKNOWN);
    long began = System.nanoTime();
    var rejected = Rejection.of(() -> limit.admit("a", OptionalLong.of(2_000)));
    assertThat(Duration.ofNanos(System.nanoTime() - began))
        .isGreaterThanOrEqualTo(DELAY.dividedBy(2));
    rejected.hasReason(Reason.RATE_LIMITED).shows(1);
    assertThatCode(() -> limit.admit("a", OptionalLong.of(1_700))).doesNotThrowAnyException();
    assertThatCode(() -> limit.admit("b", UNKNOWN)).doesNotThrowAnyException();
  }

  @Test
  void announcedLengthsAreBoundedByWhatEnvoyAccepts() {
    limit.admit("a", OptionalLong.of(Long.MAX_VALUE));
    limit.admit("a", OptionalLong.of(Long.MIN_VALUE));
    limit.admit("a", UNKNOWN);
    assertThatThrownBy(() -> limit.admit("a", UNKNOWN)).isInstanceOf(ApiError.class);
  }

  @Test
  void aBurstSmallerThanOneBodyIsRejected() {
    Rejection.ofSetting("chowder.bodies.burst", () -> new Settings(1, 4_099, 100, 4_000, 10))
        .shows(4100, 4099);
    assertThat(SettingsBinder.bind(ConfigFactory.load(), Settings.class).maxBytes())
        .isEqualTo(4 << 20);
  }
}
