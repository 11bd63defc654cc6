package dev.chowder.server.gateway;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Locale;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

class SessionKeyTest {
  @Test
  void thePlainSessionIsTheAgentsOwn() {
    assertThat(SessionKey.of("main")).isEqualTo("main");
  }

  @Test
  void differentIdsHaveDifferentKeysAlsoInLowerCase() {
    var ids =
        Stream.of("anna", "Anna", "ANNA", "a.b", "a:b", "a_b", "a-b", "a@b", "_3a", ":", "Main");
    assertThat(ids.map(id -> SessionKey.of(id).toLowerCase(Locale.ROOT)).toList())
        .doesNotHaveDuplicates()
        .doesNotContain("main");
  }

  @Test
  void noIdCanSayWhatOpenClawReadsInAColon() {
    assertThat(SessionKey.of("agent:other:main")).doesNotContain(":");
    assertThat(SessionKey.of("cron:1")).doesNotContain(":");
  }
}
