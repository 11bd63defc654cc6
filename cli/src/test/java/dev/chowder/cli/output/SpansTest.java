package dev.chowder.cli.output;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class SpansTest {
  @ParameterizedTest
  @CsvSource({"90s,PT90S", "10m,PT10M", "2h,PT2H", "0s,PT0S"})
  void durationsAreRead(String text, Duration duration) {
    assertThat(Spans.parse(text)).contains(duration);
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "5", "-5s", "5 s", "5d", "1.5h", "99999999s", "s"})
  void otherTextIsRejected(String text) {
    assertThat(Spans.parse(text)).isEmpty();
  }

  @ParameterizedTest
  @CsvSource({"PT-5S,0s", "PT59S,59s", "PT119S,1m", "PT23H59M,23h", "P400D,400d"})
  void anAgeHasItsLargestUnit(Duration age, String text) {
    assertThat(Spans.age(age)).isEqualTo(text);
  }

  @Test
  void shortDurationsArePrecise() {
    assertThat(Spans.precise(Duration.ofMillis(240))).isEqualTo("240ms");
    assertThat(Spans.precise(Duration.ofMillis(12_345))).isEqualTo("12.3s");
    assertThat(Spans.precise(Duration.ofSeconds(605))).isEqualTo("10m05s");
  }
}
