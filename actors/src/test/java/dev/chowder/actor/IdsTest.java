package dev.chowder.actor;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.time.Instant;
import org.junit.jupiter.api.Test;

class IdsTest {
  @Test
  void anIdIsNewForAMinute() {
    var id = Ids.next();
    var now = Instant.now();
    assertThat(Ids.isNew(id, now)).isTrue();
    assertThat(Ids.isNew(id, now.plus(Duration.ofMinutes(2)))).isFalse();
    assertThat(Ids.isNew(id, now.minus(Duration.ofMinutes(2)))).isFalse();
    assertThat(Ids.isNew("0190a000-0000-7000-8000-00000000000a", now)).isFalse();
    assertThat(Ids.isNew("no id", now)).isFalse();
  }
}
