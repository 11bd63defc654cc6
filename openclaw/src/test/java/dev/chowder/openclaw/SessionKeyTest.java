package dev.chowder.openclaw;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Locale;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

class SessionKeyTest {
  @Test
  void mainIsTheAgentsOwnSession() {
    assertThat(SessionKey.of("main")).isEqualTo("main");
  }

  @Test
  void differentIdsHaveDifferentKeysEvenInLowerCase() {
    var ids =
        Stream.of("anna", "Anna", "ANNA", "a.b", "a:b", "a_b", "a-b", "a@b", "_3a", ":", "Main");
    assertThat(ids.map(id -> SessionKey.of(id).toLowerCase(Locale.ROOT)).toList())
        .doesNotHaveDuplicates()
        .doesNotContain("main");
  }

  @Test
  void noKeyHasAColon() {
    assertThat(SessionKey.of("agent:other:main")).doesNotContain(":");
    assertThat(SessionKey.of("cron:1")).doesNotContain(":");
  }

  @Test
  void anIdCanBeDecodedFromItsKey() {
    for (var id : List.of("main", "anna", "Anna", "a:b", "a_b", "@._~:-", "_3a", "x".repeat(128))) {
      assertThat(SessionKey.idOf(SessionKey.fullKey(id))).contains(id);
    }
  }

  @Test
  void aKeyThatNoIdHasIsNotDecoded() {
    for (var key :
        List.of(
            "main",
            "global",
            "agent:other:main",
            "agent:main:cron:1",
            "agent:main:telegram:direct:7",
            "agent:main:subagent:x",
            // Not the encoding of any id.
            "agent:main:_61",
            "agent:main:_3A",
            "agent:main:Anna",
            "agent:main:a b",
            "agent:main:caf\u00e9",
            "agent:main:\u0161",
            "agent:main:a_",
            "agent:main:a_3",
            "agent:main:_zz",
            "agent:main:_ff")) {
      assertThat(SessionKey.idOf(key)).as(key).isEmpty();
    }
  }
}
