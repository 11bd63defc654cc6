package dev.chowder.server.rate;

import static org.assertj.core.api.Assertions.assertThat;

import dev.chowder.server.rate.RateSettings.Bound;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class BurstSmootherTest {
  /** A tenth of a full burst starts at once, and all of it within a second. */
  private static final Bound CALLS = new Bound(20, Duration.ofSeconds(1), 100, 10);

  private static final Duration SPREAD = Duration.ofSeconds(1);

  private final StoppedMeter meter = new StoppedMeter();
  private final List<Duration> pauses = new ArrayList<>();
  private final BurstSmoother smoother = new BurstSmoother(CALLS, SPREAD, meter, pauses::add);

  @Test
  void sparseCallsDoNotWait() {
    for (int second = 0; second < 5; second++) {
      for (int call = 0; call < 10; call++) smoother.await("one", 1, 0);
      meter.move(SPREAD);
    }
    assertThat(pauses).isEmpty();
  }

  @Test
  void aBurstStartsOneCallAfterAnother() {
    for (int call = 0; call < 13; call++) smoother.await("one", 1, 0);
    assertThat(pauses)
        .containsExactly(Duration.ofMillis(10), Duration.ofMillis(20), Duration.ofMillis(30));
  }

  @Test
  void otherOrganizationsAreNotDelayed() {
    for (int call = 0; call < 100; call++) smoother.await("one", 1, 0);
    pauses.clear();
    smoother.await("another", 1, 0);
    assertThat(pauses).isEmpty();
  }

  @Test
  void aChangeCountsAsFiveAtMostAndALongResponseInFull() {
    smoother.await("one", 20, 0);
    smoother.await("one", 20, 0);
    assertThat(pauses).isEmpty();
    smoother.await("one", 1, 30);
    assertThat(pauses).containsExactly(Duration.ofMillis(310));
  }

  @Test
  void noCallWaitsLongerThanAFullBurst() {
    for (int call = 0; call < 300; call++) smoother.await("one", 1, 0);
    assertThat(pauses).endsWith(SPREAD).allSatisfy(p -> assertThat(p).isLessThanOrEqualTo(SPREAD));
  }

  @Test
  void withoutASpreadAllCallsStartAtOnce() {
    var none = new BurstSmoother(CALLS, Duration.ZERO, meter, pauses::add);
    for (int call = 0; call < 300; call++) none.await("one", 1, 0);
    assertThat(pauses).isEmpty();
  }
}
