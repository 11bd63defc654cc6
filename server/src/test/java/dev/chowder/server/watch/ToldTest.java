package dev.chowder.server.watch;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.List;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;

class ToldTest {
  private static final long SETTLE = 1000;
  private final Told told = new Told(10, Duration.ofNanos(SETTLE), 4);

  @Test
  void whatIsSeenShortlyIsToldAndStillOpen() {
    told.all(List.of(11L, 13L), 0, 5);
    assertThat(told.upTo()).isEqualTo(10);
    assertThat(told.knows(10)).isTrue();
    assertThat(told.knows(11)).isTrue();
    assertThat(told.knows(12)).isFalse();
    assertThat(told.knows(13)).isTrue();
  }

  @Test
  void whatIsSeenForLongEnoughHasSettled() {
    told.all(List.of(11L), 0, 5);
    told.all(List.of(11L), SETTLE + 4, SETTLE + 4);
    assertThat(told.upTo()).isEqualTo(10);
    told.all(List.of(11L), SETTLE + 5, SETTLE + 9);
    assertThat(told.upTo()).isEqualTo(11);
  }

  @Test
  void oneThatAppearsBeforeOthersIsNewAndKeepsThemOpen() {
    told.all(List.of(11L, 13L), 0, 0);
    assertThat(told.knows(12)).isFalse();
    told.all(List.of(11L, 12L, 13L), SETTLE, SETTLE);
    assertThat(told.upTo()).isEqualTo(11);
    assertThat(told.knows(12)).isTrue();
    told.all(List.of(12L, 13L), 2 * SETTLE, 2 * SETTLE);
    assertThat(told.upTo()).isEqualTo(13);
  }

  @Test
  void ofManyTheOldestHaveSettledAtOnce() {
    told.all(LongStream.rangeClosed(11, 20).boxed().toList(), 0, 0);
    assertThat(told.upTo()).isEqualTo(16);
    assertThat(told.knows(20)).isTrue();
    assertThat(told.knows(21)).isFalse();
  }
}
