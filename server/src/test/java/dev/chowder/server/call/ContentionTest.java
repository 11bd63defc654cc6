package dev.chowder.server.call;

import static org.assertj.core.api.Assertions.assertThat;

import dev.chowder.server.call.Contention.Level;
import java.time.Duration;
import org.junit.jupiter.api.Test;

class ContentionTest {
  /** What a change costs with the default settings. */
  private static final int CHANGE = 20;

  private long now = -5;
  private final Contention contention = contention(5);

  private Contention contention(int callsPerSecond) {
    return new Contention(Duration.ofSeconds(5), callsPerSecond, 10_000, () -> now);
  }

  private void pass(Duration time) {
    now += time.toNanos();
  }

  @Test
  void theOnlyOrganizationIsAloneWhateverItUses() {
    for (int call = 0; call < 1000; call++) {
      assertThat(contention.besides("one")).isEqualTo(Level.ALONE);
      contention.add("one", CHANGE);
      pass(Duration.ofMillis(call));
    }
  }

  @Test
  void aPollerIsNoContention() {
    for (int poll = 0; poll < 100; poll++) {
      // A page of 100 instances.
      contention.add("poller", 5);
      for (int second = 0; second < 5; second++) {
        assertThat(contention.besides("busy")).isEqualTo(Level.LIGHT);
        for (int change = 0; change < 50; change++) contention.add("busy", CHANGE);
        pass(Duration.ofSeconds(1));
      }
    }
  }

  @Test
  void aSteadyCallerIsContentionWithinASecond() {
    // The steady organization of scripts/bench fairness: 20 gets, 5 pages and 4 creates a second.
    for (int second = 0; second < 20; second++) {
      contention.add("steady", 20 + 5 * 8 + 4 * CHANGE);
      assertThat(contention.besides("flood")).isEqualTo(Level.CONTENDED);
      for (int call = 0; call < 200; call++) contention.add("flood", 1);
      assertThat(contention.besides("steady")).isEqualTo(Level.CONTENDED);
      pass(Duration.ofSeconds(1));
    }
  }

  @Test
  void useIsForgottenAfterTheLastCall() {
    contention.add("one", 100);
    assertThat(contention.besides("two")).isEqualTo(Level.CONTENDED);
    pass(Duration.ofSeconds(8));
    assertThat(contention.besides("two")).as("20 of 100 are left").isEqualTo(Level.LIGHT);
    pass(Duration.ofSeconds(60));
    assertThat(contention.besides("two")).isEqualTo(Level.ALONE);
  }

  @Test
  void oneCallCountsForTheWindow() {
    contention.add("one", 1);
    pass(Duration.ofMillis(4_999));
    assertThat(contention.besides("two")).isEqualTo(Level.LIGHT);
    pass(Duration.ofMillis(2));
    assertThat(contention.besides("two")).isEqualTo(Level.ALONE);
  }

  @Test
  void allOthersCountTogether() {
    for (int other = 0; other < 60; other++) contention.add("other " + other, 1);
    assertThat(contention.besides("one")).isEqualTo(Level.CONTENDED);
  }

  @Test
  void aCorrectionTakesBackWhatWasExpected() {
    contention.add("one", 60);
    assertThat(contention.besides("two")).isEqualTo(Level.CONTENDED);
    contention.add("one", -59);
    assertThat(contention.besides("two")).isEqualTo(Level.LIGHT);
  }

  @Test
  void anyCallIsContentionWhereTheSettingIsZero() {
    var any = contention(0);
    any.add("one", 1);
    assertThat(any.besides("two")).isEqualTo(Level.CONTENDED);
    assertThat(any.besides("one")).isEqualTo(Level.ALONE);
  }
}
