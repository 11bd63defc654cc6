package dev.chowder.openclaw;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import org.junit.jupiter.api.Test;

class SessionKeyTest {
  private static final List<String> NAMES =
      List.of(
          "main",
          "MAIN",
          "Main",
          "a",
          "A",
          "~41",
          "agent:other:main",
          "subagent:x",
          "chowder-a",
          "a:b",
          "a~3ab",
          "a b",
          "ü",
          "x".repeat(128),
          "customer-42",
          "");

  @Test
  void differentNamesNeverShareAKeyAlsoForOneWhoIgnoresCase() {
    var keys = new HashSet<String>();
    for (var name : NAMES) keys.add(SessionKey.of(name).toLowerCase(Locale.ROOT));
    assertThat(keys).hasSameSizeAs(NAMES);
  }

  @Test
  void aKeyChoosesNoAgentAndNoReservedNameSpace() {
    for (var name : NAMES) assertThat(SessionKey.of(name)).matches("main|chowder-[a-z0-9._~-]*");
  }

  @Test
  void aKeyTellsItsName() {
    for (var name : NAMES) assertThat(SessionKey.sessionId(SessionKey.of(name))).contains(name);
  }

  @Test
  void keysOfOthersTellNone() {
    for (var key : List.of("openresponses:1", "chowder-A", "chowder-~4", "chowder-~zz", "MAIN")) {
      assertThat(SessionKey.sessionId(key)).isEmpty();
    }
  }
}
