package dev.chowder.base;

import static dev.chowder.base.ErrorText.cannot;
import static dev.chowder.base.ErrorText.must;
import static dev.chowder.base.ErrorText.rule;
import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ErrorTextTest {
  @Test
  void aWrongValueIsShownWithItsFieldAndRule() {
    assertThat(must("labels", "have at most 64 entries", 70))
        .isEqualTo("labels: must have at most 64 entries; got 70");
    assertThat(must("chowder.key.cache-max-age", "be at most PT1M", Duration.ofMinutes(2)))
        .isEqualTo("chowder.key.cache-max-age: must be at most PT1M; got PT2M");
  }

  @Test
  void aSecretValueIsNotShown() {
    assertThat(must("key", "be 32 bytes in base64")).isEqualTo("key: must be 32 bytes in base64");
  }

  @Test
  void aRuleCanBeStatedWithoutTheField() {
    assertThat(rule("be a string")).isEqualTo("must be a string");
    assertThat(rule("be a string", "a number")).isEqualTo("must be a string; got a number");
  }

  @Test
  void aFailedActionIsShownWithItsCauseAndRemedy() {
    assertThat(cannot("read the file", "the disk is full", "delete some files"))
        .isEqualTo("cannot read the file: the disk is full; delete some files");
    assertThat(cannot("read the file", "the client disconnected"))
        .isEqualTo("cannot read the file: the client disconnected");
  }

  @Test
  void anEmptyValueIsNamed() {
    assertThat(must("slug", "be a name", ""))
        .isEqualTo("slug: must be a name; got an empty string");
  }

  @Test
  void aLongValueIsCutBetweenCharacters() {
    assertThat(must("slug", "be a name", "\uD83D\uDE00".repeat(129)))
        .isEqualTo("slug: must be a name; got " + "\uD83D\uDE00".repeat(128) + "...");
    assertThat(must("slug", "be a name", "x".repeat(128))).endsWith("got " + "x".repeat(128));
  }

  @ParameterizedTest
  @ValueSource(ints = {'\n', 0, 0x2028, 0x2029, 0x202E, 0x2066, 0xD83D})
  void aCharacterThatCouldForgeALineIsReplaced(int bad) {
    assertThat(must("slug", "be a name", "a" + Character.toString(bad) + "b"))
        .isEqualTo("slug: must be a name; got a\uFFFDb");
  }
}
