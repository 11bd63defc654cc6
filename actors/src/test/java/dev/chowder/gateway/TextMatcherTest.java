package dev.chowder.gateway;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.HashSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class TextMatcherTest {
  @ParameterizedTest
  @CsvSource({
    "abc, xabcx, x*x",
    "abc ab, abab, **",
    "abcd bc, abcabcd, a**",
    "abcd bc, abce, a*e",
    "ab bc, abcd, *d",
    "aa, aaaaa, *",
    "abab, ababab, *",
    "he she his hers, ushers, u*",
    "x, abc, abc",
  })
  void eachTextIsReplacedAndOverlappingOnesTogether(String texts, String text, String expected) {
    var matcher = new TextMatcher(List.of(texts.split(" ", -1)));
    assertThat(matcher.replace(text, "*")).isEqualTo(expected);
  }

  @Test
  void withoutTextsNothingIsReplaced() {
    assertThat(new TextMatcher(List.of()).replace("abc", "*")).isEqualTo("abc");
    assertThat(new TextMatcher(List.of("a")).replace("", "*")).isEmpty();
  }

  @Test
  void aTextIsReplacedAsASearchForEachTextWould() {
    var random = new Random(1);
    for (int n = 0; n < 2000; n++) {
      Set<String> texts = new HashSet<>();
      for (int i = random.nextInt(6); i >= 0; i--)
        texts.add(letters(random, 1 + random.nextInt(5)));
      var text = letters(random, 40);
      assertThat(new TextMatcher(texts).replace(text, "*"))
          .as("%s in %s", texts, text)
          .isEqualTo(searched(texts, text));
    }
  }

  private static String letters(Random random, int length) {
    return random.ints(length, 'a', 'd').mapToObj(Character::toString).reduce("", String::concat);
  }

  /** Joins the found ranges that overlap. */
  private static String searched(Set<String> texts, String text) {
    // Whether a character belongs to the same found text as the one before it.
    var joined = new boolean[text.length() + 1];
    var covered = new boolean[text.length() + 1];
    for (var wanted : texts) {
      for (int at = text.indexOf(wanted); at >= 0; at = text.indexOf(wanted, at + 1)) {
        for (int i = at; i < at + wanted.length(); i++) {
          covered[i] = true;
          joined[i] |= i > at;
        }
      }
    }
    var result = new StringBuilder();
    for (int i = 0; i < text.length(); i++) {
      if (!covered[i]) result.append(text.charAt(i));
      else if (!joined[i]) result.append('*');
    }
    return result.toString();
  }

  @Test
  void theEndOfAlmostTheSameTextsIsFound() {
    var texts = IntStream.range(0, 5000).mapToObj(n -> "a".repeat(40) + n).toList();
    var matcher = new TextMatcher(texts);
    assertThat(matcher.replace("a".repeat(65_000) + "4999b", "*"))
        .isEqualTo("a".repeat(64_960) + "*b");
  }
}
