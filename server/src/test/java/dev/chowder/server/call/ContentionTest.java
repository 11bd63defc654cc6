package dev.chowder.server.call;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import org.junit.jupiter.api.Test;

class ContentionTest {
  private long now = -5;
  private final Contention contention = new Contention(Duration.ofSeconds(10).toNanos(), () -> now);

  @Test
  void theOnlyOrganizationIsAlone() {
    for (int call = 0; call < 100; call++) {
      assertThat(contention.isContended("one")).isFalse();
    }
  }

  @Test
  void twoOrganizationsContendUntilOneIsSilentForTheWindow() {
    assertThat(contention.isContended("one")).isFalse();
    assertThat(contention.isContended("two")).isTrue();
    now += Duration.ofSeconds(10).toNanos();
    assertThat(contention.isContended("one")).as("two called 10 s ago").isTrue();
    now += 1;
    assertThat(contention.isContended("one")).as("two called more than 10 s ago").isFalse();
    assertThat(contention.isContended("two")).isTrue();
  }

  @Test
  void aThirdOrganizationCountsAsWell() {
    contention.isContended("one");
    contention.isContended("two");
    now += Duration.ofSeconds(9).toNanos();
    contention.isContended("three");
    now += Duration.ofSeconds(9).toNanos();
    assertThat(contention.isContended("one")).as("three called 9 s ago").isTrue();
    assertThat(contention.isContended("three")).isTrue();
  }
}
