package dev.chowder.base;

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

  @Test
  void anIdAtAnotherTimeDiffersOnlyInItsTime() {
    var id = "0190a000-1234-7abc-8def-00000000000a";
    var time = Instant.parse("2026-10-25T00:30:00.123999Z");
    var moved = Ids.at(time, id);
    assertThat(moved).endsWith("-7abc-8def-00000000000a");
    assertThat(Ids.isNew(moved, time)).isTrue();
    assertThat(Ids.at(time.plusMillis(1), id)).isGreaterThan(moved);
    assertThat(Ids.at(time.minusMillis(1), id)).isLessThan(moved);
    assertThat(Ids.at(Instant.ofEpochMilli(0x0190a0001234L), moved)).isEqualTo(id);
    assertThat(Ids.at(Instant.EPOCH, id)).isEqualTo("00000000-0000-7abc-8def-00000000000a");
  }

  @Test
  void aTextThatIsNoIdIsUnchangedAtAnyTime() {
    assertThat(Ids.at(Instant.EPOCH, "no id")).isEqualTo("no id");
  }
}
