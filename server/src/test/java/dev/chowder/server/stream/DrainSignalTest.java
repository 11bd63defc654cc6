package dev.chowder.server.stream;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

class DrainSignalTest {
  private final DrainSignal drain = new DrainSignal();
  private final AtomicInteger ended = new AtomicInteger();

  @Test
  void openCallsEndWhenTheNodeDrains() {
    var _ = drain.onDrain(ended::incrementAndGet);
    var _ = drain.onDrain(ended::incrementAndGet);
    assertThat(ended).hasValue(0);
    drain.begin();
    assertThat(ended).hasValue(2);
  }

  @Test
  void aLaterCallEndsAtOnce() {
    drain.begin();
    drain.onDrain(ended::incrementAndGet).close();
    assertThat(ended).hasValue(1);
  }

  @Test
  void aFinishedCallIsNotEndedAgain() {
    drain.onDrain(ended::incrementAndGet).close();
    drain.begin();
    assertThat(ended).hasValue(0);
  }
}
