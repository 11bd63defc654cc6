package dev.chowder.server.crash;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;

class SeedsTest {
  @Test
  void theFileOfSeedsIsValid() {
    assertThat(Seeds.ofFile(Seeds.KILL)).doesNotContainNull();
    assertThat(Seeds.ofFile(Seeds.FAULTS)).doesNotContainNull();
  }

  @Test
  void aLineHasAKindASeedAndARemark() {
    var text = "# A comment.\n\nkill 17 a lost row\nfaults 4711 a slot twice\n";
    assertThat(Seeds.parse(Seeds.KILL, text)).containsExactly(17L);
    assertThat(Seeds.parse(Seeds.FAULTS, text)).containsExactly(4711L);
  }

  @Test
  void anotherLineIsRejected() {
    for (var line : new String[] {"kill 17", "kil 17 a lost row", "kill x a lost row"}) {
      assertThatThrownBy(() -> Seeds.parse(Seeds.KILL, line))
          .as(line)
          .isInstanceOf(IllegalArgumentException.class);
    }
  }
}
