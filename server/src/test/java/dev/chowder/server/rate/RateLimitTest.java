package dev.chowder.server.rate;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class RateLimitTest {
  @Test
  void aClockThatIsSetBackDelaysNoCall() {
    assertThat(RateLimit.METER.isWallClockBased()).isFalse();
  }
}
