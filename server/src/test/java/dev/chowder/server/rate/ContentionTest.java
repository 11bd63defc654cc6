package dev.chowder.server.rate;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import org.junit.jupiter.api.Test;

class ContentionTest {
  /** The default cost of a mutating call. */
  private static final int CHANGE = 20;

  private static final int IN_PROGRESS = 100;

  private long now = -5;
  private final Contention contention = contention(5);

  private Contention contention(int callsPerSecond) {
    return new Contention(Duration.ofSeconds(5), callsPerSecond, IN_PROGRESS, 10_000, () -> now);
  }

  private void pass(Duration time) {
    now += time.toNanos();
  }

  @Test
  void aSingleOrganizationNeverContends() {
    for (int call = 0; call < 1000; call++) {
      assertThat(contention.isContended("one")).isFalse();
      contention.add("one", CHANGE);
      pass(Duration.ofMillis(call));
    }
  }

  @Test
  void aPollerCausesNoContention() {
    for (int poll = 0; poll < 100; poll++) {
      // A page of 100 instances.
      contention.add("poller", 5);
      for (int second = 0; second < 5; second++) {
        assertThat(contention.isContended("busy")).isFalse();
        for (int change = 0; change < 50; change++) contention.add("busy", CHANGE);
        pass(Duration.ofSeconds(1));
      }
    }
  }

  @Test
  void aSteadyCallerCausesContentionWithinASecond() {
    // The steady organization of {@code scripts/bench fairness}: 20 gets, 5 pages and 4 creates a
    // second.
    for (int second = 0; second < 20; second++) {
      contention.add("steady", 20 + 5 * 8 + 4 * CHANGE);
      assertThat(contention.isContended("flood")).isTrue();
      for (int call = 0; call < 200; call++) contention.add("flood", 1);
      assertThat(contention.isContended("steady")).isTrue();
      pass(Duration.ofSeconds(1));
    }
  }

  @Test
  void useIsForgottenAfterTheLastCall() {
    contention.add("one", 100);
    assertThat(contention.isContended("two")).isTrue();
    pass(Duration.ofSeconds(8));
    assertThat(contention.isContended("two")).as("20 of 100 are left").isFalse();
    pass(Duration.ofSeconds(60));
    assertThat(contention.isContended("two")).isFalse();
  }

  @Test
  void manyCallsInProgressContendWithAnyUseOfOthers() {
    for (int call = 0; call < IN_PROGRESS; call++) contention.begin("many");
    contention.add("poller", 1);
    assertThat(contention.isContended("many")).as("100 in progress").isFalse();
    contention.begin("many");
    assertThat(contention.isContended("many")).as("101 in progress").isTrue();
    assertThat(contention.isContended("few")).isFalse();
    contention.end("many");
    assertThat(contention.isContended("many")).as("one has ended").isFalse();
  }

  @Test
  void aSingleOrganizationMayHaveAnyNumberOfCallsInProgress() {
    for (int call = 0; call < 10 * IN_PROGRESS; call++) {
      contention.begin("one");
      contention.add("one", 1);
      assertThat(contention.isContended("one")).isFalse();
    }
  }

  @Test
  void oneCallByOthersCountsUntilTheEndOfTheWindow() {
    for (int call = 0; call <= IN_PROGRESS; call++) contention.begin("two");
    contention.add("one", 1);
    pass(Duration.ofMillis(4_999));
    assertThat(contention.isContended("two")).isTrue();
    pass(Duration.ofMillis(2));
    assertThat(contention.isContended("two")).isFalse();
  }

  @Test
  void theCallsOfAllOthersAreAdded() {
    for (int other = 0; other < 60; other++) contention.add("other " + other, 1);
    assertThat(contention.isContended("one")).isTrue();
  }

  @Test
  void aCorrectionReplacesTheEstimate() {
    contention.add("one", 60);
    assertThat(contention.isContended("two")).isTrue();
    contention.add("one", -59);
    assertThat(contention.isContended("two")).isFalse();
  }

  @Test
  void anyCallCausesContentionIfTheSettingIsZero() {
    var any = contention(0);
    any.add("one", 1);
    assertThat(any.isContended("two")).isTrue();
    assertThat(any.isContended("one")).isFalse();
  }
}
