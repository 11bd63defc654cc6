package dev.chowder.server;

import static org.assertj.core.api.Assertions.assertThat;

import dev.chowder.openclaw.config.Channel;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.function.Consumer;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Requires that each pattern takes linear time for every text, since callers and agents choose the
 * texts. Finds the patterns in the compiled classes, so a new one is checked without being listed.
 */
class LinearPatternsTest {
  private static final List<String> MODULES =
      List.of("base", "sandbox", "storage", "openclaw", "actors", "server");

  /** Methods with a pattern that is no constant. */
  private static final Set<String> NOT_CONSTANT =
      Set.of(
          // The forms of channels' fields, which are checked here.
          "dev.chowder.openclaw.config.Channel$Field.of",
          // A single character.
          "dev.chowder.server.SimulatorJars.urls");

  static Stream<RegexUse> uses() throws IOException {
    var uses = Stream.<RegexUse>builder();
    for (var module : MODULES) {
      RegexUse.in(Path.of("..", module, "target", "classes")).forEach(uses::add);
    }
    return uses.build();
  }

  static Stream<RegexUse> constants() throws IOException {
    var forms =
        Arrays.stream(Channel.values())
            .flatMap(channel -> channel.fields().stream())
            .map(field -> field.form());
    return Stream.concat(
            uses().filter(use -> use.pattern().isPresent()),
            forms.map(form -> RegexUse.whole("Channel", form)))
        .distinct();
  }

  @Test
  void eachPatternIsAConstantOrListed() throws Exception {
    assertThat(uses().filter(use -> use.pattern().isEmpty()).map(RegexUse::where))
        .containsExactlyInAnyOrderElementsOf(NOT_CONSTANT);
    assertThat(constants()).hasSizeGreaterThan(60);
  }

  @ParameterizedTest
  @MethodSource("constants")
  void aPatternTakesLinearTime(RegexUse use) {
    var pattern = Pattern.compile(use.pattern().orElseThrow(), use.flags());
    assertThat(HostileTexts.slowest(pattern.pattern(), run(pattern, use.searches()))).isEmpty();
  }

  private static Consumer<CharSequence> run(Pattern pattern, boolean searches) {
    if (!searches) return text -> pattern.matcher(text).matches();
    return text -> {
      var matcher = pattern.matcher(text);
      while (matcher.find()) {}
    };
  }

  static Stream<String> schemaPatterns() throws IOException {
    var list = Path.of("../openclaw/src/test/resources/openclaw/schema-patterns.txt");
    return Files.readAllLines(list).stream();
  }

  @ParameterizedTest
  @MethodSource("schemaPatterns")
  void aPatternOfTheSchemaTakesLinearTime(String text) {
    try {
      var pattern = com.google.re2j.Pattern.compile(text);
      assertThat(HostileTexts.slowest(text, given -> pattern.matcher(given).find())).isEmpty();
    } catch (com.google.re2j.PatternSyntaxException notCompiled) {
      // The check accepts every text then.
      assertThat(text).contains("(?!");
    }
  }

  @Test
  void aQuadraticPatternIsFound() {
    for (var quadratic : List.of("[a-z]+://", "\\s+$", "a*b?a*c", "^.*:.*:.*@$", "(.|x)*y")) {
      var pattern = Pattern.compile(quadratic, Pattern.DOTALL);
      assertThat(HostileTexts.slowest(quadratic, run(pattern, true))).as(quadratic).isPresent();
    }
  }
}
