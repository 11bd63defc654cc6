package dev.chowder.server.watch;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.List;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;

class WatchProgressTest {
  private static final long SETTLE = 1000;
  private final WatchProgress progress = new WatchProgress(10, Duration.ofNanos(SETTLE), 4);

  @Test
  void anEntryIsReportedButNotFinalAtFirst() {
    progress.sent(List.of(11L, 13L), 0, 5);
    assertThat(progress.upTo()).isEqualTo(10);
    assertThat(progress.knows(10)).isTrue();
    assertThat(progress.knows(11)).isTrue();
    assertThat(progress.knows(12)).isFalse();
    assertThat(progress.knows(13)).isTrue();
  }

  @Test
  void anEntryBecomesFinalAfterTheVisibilityLag() {
    progress.sent(List.of(11L), 0, 5);
    progress.sent(List.of(11L), SETTLE + 4, SETTLE + 4);
    assertThat(progress.upTo()).isEqualTo(10);
    progress.sent(List.of(11L), SETTLE + 5, SETTLE + 9);
    assertThat(progress.upTo()).isEqualTo(11);
  }

  @Test
  void anEarlierEntryThatAppearsLateKeepsLaterOnesOpen() {
    progress.sent(List.of(11L, 13L), 0, 0);
    assertThat(progress.knows(12)).isFalse();
    progress.sent(List.of(11L, 12L, 13L), SETTLE, SETTLE);
    assertThat(progress.upTo()).isEqualTo(11);
    assertThat(progress.knows(12)).isTrue();
    progress.sent(List.of(12L, 13L), 2 * SETTLE, 2 * SETTLE);
    assertThat(progress.upTo()).isEqualTo(13);
  }

  @Test
  void theOldestEntriesBeyondTheMaximumAreFinalAtOnce() {
    progress.sent(LongStream.rangeClosed(11, 20).boxed().toList(), 0, 0);
    assertThat(progress.upTo()).isEqualTo(16);
    assertThat(progress.knows(20)).isTrue();
    assertThat(progress.knows(21)).isFalse();
  }
}
