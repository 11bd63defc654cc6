package dev.chowder.effect;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Instant;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class MassChangeGuardTest {
  private static final Instant T0 = Instant.parse("2026-01-01T00:00:00Z");
  private static final int LIMIT = 3;

  private final MassChangeGuard alarm = new MassChangeGuard();

  @Test
  void fewAtOnceArePermitted() {
    assertThat(alarm.permits(ids(1, 3), LIMIT, T0)).isTrue();
    assertThat(alarm.raised()).isEmpty();
  }

  @Test
  void manyAtOnceHaltWithTheTimeOfTheFirstSweepThatSawThem() {
    assertThat(alarm.permits(ids(1, 4), LIMIT, T0)).isFalse();
    assertThat(alarm.permits(ids(1, 5), LIMIT, T0.plusSeconds(60))).isFalse();
    assertThat(alarm.raised()).contains(new MassChangeGuard.Raised(T0, LIMIT, ids(1, 5)));
  }

  @Test
  void fewThatAreLeftOfManyAreNotPermittedByThat() {
    alarm.permits(ids(1, 9), LIMIT, T0);
    assertThat(alarm.permits(ids(1, 2), LIMIT, T0)).isFalse();
  }

  @Test
  void whenNothingIsLeftOfThemItEndsByItself() {
    alarm.permits(ids(1, 9), LIMIT, T0);
    assertThat(alarm.permits(Set.of(), LIMIT, T0)).isTrue();
    assertThat(alarm.permits(ids(1, 3), LIMIT, T0)).isTrue();
  }

  @Test
  void aReleaseHoldsForWhatWasShownAndForNothingElse() {
    alarm.permits(ids(1, 9), LIMIT, T0);
    assertThat(alarm.release()).isTrue();
    assertThat(alarm.release()).isFalse();
    assertThat(alarm.permits(ids(1, 9), LIMIT, T0)).isTrue();
    assertThat(alarm.permits(ids(1, 13), LIMIT, T0)).isFalse();
    assertThat(alarm.raised().orElseThrow().ids()).isEqualTo(ids(10, 13));
  }

  private static Set<String> ids(int first, int last) {
    return IntStream.rangeClosed(first, last).mapToObj(n -> "sb-" + n).collect(Collectors.toSet());
  }
}
