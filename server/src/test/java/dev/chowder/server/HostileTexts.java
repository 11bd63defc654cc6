package dev.chowder.server;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.Consumer;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/**
 * Texts for which a pattern may take more than linear time: each repeats one or two characters of
 * the pattern, after a beginning that the pattern contains and before an end that does not match.
 */
final class HostileTexts {
  private static final int SHORT = 2_000;
  private static final int LONG = 200_000;

  /** Number of short texts whose long form is tried, those that take most reads. */
  private static final int WORST = 3;

  /**
   * Largest number of reads for each character. The alternatives of the longest pattern read each
   * character about 60 times. A quadratic pattern reads each of {@value #SHORT} characters 1,000
   * times.
   */
  private static final int READS = 150;

  private static final Pattern LITERAL = Pattern.compile("[A-Za-z0-9_/:=@\" -]{2,}|\\$\\{");
  private static final String COMMON = "aA0 \n.";
  private static final List<String> ENDS = List.of("", "\u0001");

  private HostileTexts() {}

  private record Text(String beginning, String repeated, String end) {
    String of(int length) {
      return beginning + repeated.repeat(length / repeated.length()) + end;
    }
  }

  private record Tried(Text text, long reads) {}

  /** Returns the first text for which the use of the pattern takes more than linear time. */
  static Optional<String> slowest(String pattern, Consumer<CharSequence> use) {
    var tried = new ArrayList<Tried>();
    for (var text : all(pattern)) {
      var counted = new CountedText(text.of(SHORT));
      if (!ends(use, counted)) return Optional.of(shown(text, SHORT));
      tried.add(new Tried(text, counted.reads));
    }
    tried.sort(Comparator.comparingLong(Tried::reads).reversed());
    for (var worst : tried.subList(0, WORST)) {
      var counted = new CountedText(worst.text().of(LONG));
      if (!ends(use, counted)) return Optional.of(shown(worst.text(), LONG));
    }
    return Optional.empty();
  }

  private static boolean ends(Consumer<CharSequence> use, CountedText text) {
    try {
      use.accept(text);
      return true;
    } catch (TooManyReads | StackOverflowError unbounded) {
      return false;
    }
  }

  private static String shown(Text text, int length) {
    return "\"%s\", \"%s\" up to %d characters, \"%s\""
        .formatted(text.beginning(), text.repeated(), length, text.end())
        .replace("\n", "\\n");
  }

  private static List<Text> all(String pattern) {
    var literals =
        LITERAL.matcher(pattern).results().map(found -> found.group()).collect(Collectors.toSet());
    var beginnings = new LinkedHashSet<>(List.of("", "a"));
    beginnings.addAll(literals);
    var characters = characters(pattern);
    var repeated = new LinkedHashSet<>(characters);
    repeated.addAll(literals);
    var texts = new ArrayList<Text>();
    for (var end : ENDS) {
      for (var one : repeated) {
        beginnings.forEach(beginning -> texts.add(new Text(beginning, one, end)));
        characters.forEach(other -> texts.add(new Text("", one + other, end)));
      }
    }
    return texts;
  }

  /** Returns the punctuation of the pattern, and a character of each common class. */
  private static Set<String> characters(String pattern) {
    return (COMMON + pattern)
        .chars()
        .filter(c -> COMMON.indexOf(c) >= 0 || !Character.isLetterOrDigit(c))
        .mapToObj(Character::toString)
        .collect(Collectors.toCollection(LinkedHashSet::new));
  }

  /** The use of a pattern has read more than is linear. */
  private static final class TooManyReads extends RuntimeException {
    private static final long serialVersionUID = 1L;

    TooManyReads() {
      super(null, null, false, false);
    }
  }

  private static final class CountedText implements CharSequence {
    private final String text;
    private final long limit;
    private long reads;

    CountedText(String text) {
      this.text = text;
      this.limit = (long) READS * (text.length() + 10);
    }

    @Override
    public char charAt(int index) {
      if (++reads > limit) throw new TooManyReads();
      return text.charAt(index);
    }

    @Override
    public int length() {
      return text.length();
    }

    @Override
    public CharSequence subSequence(int start, int end) {
      reads += end - start;
      return text.subSequence(start, end);
    }

    @Override
    public String toString() {
      return text;
    }
  }
}
