package dev.chowder.reconcile;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Instant;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class MassChangeGuardTest {
  private static final Instant T0 = Instant.parse("2026-01-01T00:00:00Z");
  private static final int LIMIT = 3;

  private final MassChangeGuard guard = new MassChangeGuard();

  @Test
  void fewChangesAtOnceArePermitted() {
    assertThat(guard.permits(ids(1, 3), LIMIT, T0)).isTrue();
    assertThat(guard.blocked()).isEmpty();
  }

  @Test
  void manyChangesAtOnceAreBlockedSinceTheFirstPassThatFoundThem() {
    assertThat(guard.permits(ids(1, 4), LIMIT, T0)).isFalse();
    assertThat(guard.permits(ids(1, 5), LIMIT, T0.plusSeconds(60))).isFalse();
    assertThat(guard.blocked()).contains(new MassChangeGuard.Blocked(T0, LIMIT, ids(1, 5)));
  }

  @Test
  void changesStayBlockedWhileFewOfManyRemain() {
    guard.permits(ids(1, 9), LIMIT, T0);
    assertThat(guard.permits(ids(1, 2), LIMIT, T0)).isFalse();
  }

  @Test
  void theBlockEndsWhenNoChangesRemain() {
    guard.permits(ids(1, 9), LIMIT, T0);
    assertThat(guard.permits(Set.of(), LIMIT, T0)).isTrue();
    assertThat(guard.permits(ids(1, 3), LIMIT, T0)).isTrue();
  }

  @Test
  void aReleasePermitsOnlyTheChangesThatWereBlocked() {
    guard.permits(ids(1, 9), LIMIT, T0);
    assertThat(guard.release()).isTrue();
    assertThat(guard.release()).isFalse();
    assertThat(guard.permits(ids(1, 9), LIMIT, T0)).isTrue();
    assertThat(guard.permits(ids(1, 13), LIMIT, T0)).isFalse();
    assertThat(guard.blocked().orElseThrow().ids()).isEqualTo(ids(10, 13));
  }

  private static Set<String> ids(int first, int last) {
    return IntStream.rangeClosed(first, last).mapToObj(n -> "sb-" + n).collect(Collectors.toSet());
  }
}
