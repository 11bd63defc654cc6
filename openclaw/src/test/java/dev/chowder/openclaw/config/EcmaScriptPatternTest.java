package dev.chowder.openclaw.config;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.re2j.Pattern;
import com.google.re2j.PatternSyntaxException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class EcmaScriptPatternTest {
  @ParameterizedTest
  @CsvSource({
    "^[^.[\\]]+$, abc, a[b",
    "^[a&&b]+$, a&b, c",
    "^\\[x\\]$, [x], x",
    "b, abc, aac",
  })
  void aPatternMeansWhatItMeansInJavaScript(String pattern, String match, String other) {
    var expression = EcmaScriptPattern.of(pattern);
    assertThat(expression.matches(match)).isTrue();
    assertThat(expression.matches(other)).isFalse();
  }

  @Test
  void tenPatternsOfTheSchemaAreLeftToTheGateway() throws Exception {
    var patterns = SchemaPatternsIT.listed();
    assertThat(patterns).hasSize(42);
    assertThat(patterns.stream().filter(pattern -> !compiles(pattern)))
        .hasSize(10)
        .allMatch(pattern -> pattern.contains("(?!"));
  }

  private static boolean compiles(String pattern) {
    try {
      var _ = Pattern.compile(pattern);
      return true;
    } catch (PatternSyntaxException lookahead) {
      return false;
    }
  }

  @Test
  void aPatternThatLooksAheadMatchesEverything() {
    assertThat(EcmaScriptPattern.of("^(?!\\s*-)[a-z]+$").matches("-abc")).isTrue();
  }
}
