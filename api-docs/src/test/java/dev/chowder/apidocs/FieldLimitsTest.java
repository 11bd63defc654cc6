package dev.chowder.apidocs;

import static java.util.regex.Pattern.CASE_INSENSITIVE;
import static org.assertj.core.api.Assertions.assertThat;

import build.buf.validate.FieldRules;
import build.buf.validate.Ignore;
import com.google.protobuf.Descriptors.Descriptor;
import com.google.protobuf.Descriptors.FieldDescriptor;
import dev.chowder.api.v1.RulesProto;
import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.atomic.AtomicLong;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

/** Checks that the comment of each field says what its rules are. */
class FieldLimitsTest {
  /** Fewer fields would mean that the test no longer finds the rules. */
  private static final int FEWEST = 60;

  /** Characters that no text of a caller has, or that have no properties. */
  private static final Set<Integer> SKIPPED =
      Set.of((int) Character.SURROGATE, (int) Character.UNASSIGNED, (int) Character.PRIVATE_USE);

  @Test
  void commentsStateTheRulesOfTheirFields() throws IOException {
    var api = ApiDescriptors.read();
    var messages = new LinkedHashSet<Descriptor>();
    var services = new ArrayList<>(api.services());
    services.addAll(api.operatorServices());
    for (var service : services) {
      for (var method : service.getMethods()) {
        collect(method.getInputType(), messages);
        collect(method.getOutputType(), messages);
      }
    }
    var missing = new ArrayList<String>();
    int ruled = 0;
    for (var message : messages) {
      for (var field : message.getFields()) {
        var facts = facts(field);
        if (facts.isEmpty()) continue;
        ruled++;
        var comment = api.comment(field);
        facts.stream()
            .filter(fact -> !states(comment, fact))
            .forEach(fact -> missing.add(field.getFullName() + ": must state " + fact));
      }
    }
    assertThat(missing).isEmpty();
    assertThat(ruled).isGreaterThan(FEWEST);
  }

  private static void collect(Descriptor message, Set<Descriptor> all) {
    if (!message.getFile().getPackage().startsWith("chowder.") || !all.add(message)) return;
    message.getFields().stream()
        .map(FieldLimitsTest::valueOf)
        .filter(field -> field.getJavaType() == FieldDescriptor.JavaType.MESSAGE)
        .forEach(field -> collect(field.getMessageType(), all));
  }

  /** Returns the field, or that of the values of a map. */
  private static FieldDescriptor valueOf(FieldDescriptor field) {
    return field.isMapField() ? field.getMessageType().findFieldByName("value") : field;
  }

  /** Returns whether the fact is more than a part of words: `1 to 12` is not in `1 to 128`. */
  private static boolean states(String comment, String fact) {
    var whole = Pattern.compile("(?<!\\w)" + Pattern.quote(fact) + "(?!\\w)", CASE_INSENSITIVE);
    return whole.matcher(comment).find();
  }

  @Test
  void aFactIsNotAPartOfWords() {
    assertThat(states("Name, 1 to 128 characters.", "1 to 128")).isTrue();
    assertThat(states("Name, 1 to 128 characters.", "1 to 12")).isFalse();
    assertThat(states("Name, 11 to 128 characters.", "1 to 128")).isFalse();
    assertThat(states("`crab` or `whale`.", "`whale`")).isTrue();
  }

  @Test
  void theMessagesOfMapsAreChecked() throws IOException {
    var messages = new LinkedHashSet<Descriptor>();
    ApiDescriptors.read().services().stream()
        .flatMap(service -> service.getMethods().stream())
        .forEach(method -> collect(method.getOutputType(), messages));
    assertThat(messages).extracting(Descriptor::getName).contains("ModelEndpoint");
  }

  /** The blank characters above U+FFFF are left out, because validators encode them differently. */
  @Test
  void thePatternOfTextThatIsNotBlankAgreesWithTheJdk() {
    var pattern = Pattern.compile(FieldLimits.NOT_BLANK);
    var printables = Pattern.compile(FieldLimits.PRINTABLE);
    var wrong = new ArrayList<String>();
    for (int c = 0; c <= Character.MAX_VALUE; c++) {
      if (SKIPPED.contains(Character.getType(c))) continue;
      boolean blank =
          Character.isWhitespace(c)
              || Character.isSpaceChar(c)
              || Character.getType(c) == Character.FORMAT;
      boolean control = Character.getType(c) == Character.CONTROL;
      var text = Character.toString(c);
      if (pattern.matcher(text).matches() == (blank || control)) wrong.add(Integer.toHexString(c));
      boolean printable = printables.matcher(text).matches();
      if (pattern.matcher(text + "a").matches() != printable) {
        wrong.add("before a letter: " + Integer.toHexString(c));
      }
      if (pattern.matcher(text + text).matches() != (printable && !blank)) {
        wrong.add("twice: " + Integer.toHexString(c));
      }
      if (pattern.matcher("a" + text + "b").matches() != printable) {
        wrong.add("between letters: " + Integer.toHexString(c));
      }
    }
    assertThat(wrong).isEmpty();
    assertThat(pattern.matcher("").matches()).isFalse();
  }

  /** The JDK backtracks, as the validators of most clients do. */
  @Test
  void thePatternOfTextThatIsNotBlankReadsEachCharacterAFewTimes() {
    int length = 5000;
    for (var text : List.of("a", " ", "a ")) {
      var read = new AtomicLong();
      var counted = new CountedText(text.repeat(length / text.length()) + "\u0007", read);
      assertThat(Pattern.matches(FieldLimits.NOT_BLANK, counted)).isFalse();
      assertThat(read.get()).as(text).isBetween((long) length, 10L * length);
    }
  }

  /** A text that counts how often its characters are read. */
  private record CountedText(CharSequence text, AtomicLong read) implements CharSequence {
    @Override
    public char charAt(int index) {
      read.incrementAndGet();
      return text.charAt(index);
    }

    @Override
    public int length() {
      return text.length();
    }

    @Override
    public CharSequence subSequence(int start, int end) {
      return text.subSequence(start, end);
    }
  }

  /** Returns what a comment must contain. */
  private static List<String> facts(FieldDescriptor field) {
    var rules = FieldLimits.rules(field);
    var facts = new ArrayList<String>();
    switch (rules.getTypeCase()) {
      case STRING -> ofText(rules, facts);
      case INT32 -> {
        var range = rules.getInt32();
        facts.add(
            range.hasLte()
                ? range.getGte() + " to " + range.getLte()
                : "At least " + range.getGte());
      }
      case REPEATED -> {
        var list = rules.getRepeated();
        facts.add(
            list.hasMaxItems()
                ? list.getMinItems() + " to " + list.getMaxItems() + " ids"
                : "At least one");
      }
      case MAP -> {
        if (rules.getMap().hasMaxPairs()) facts.add("at most " + rules.getMap().getMaxPairs());
        ofText(rules.getMap().getKeys(), facts);
        ofText(rules.getMap().getValues(), facts);
      }
      default -> {}
    }
    if (field.getOptions().hasExtension(RulesProto.defaultValue)) {
      facts.add("default " + field.getOptions().getExtension(RulesProto.defaultValue));
    }
    return facts;
  }

  private static void ofText(FieldRules of, List<String> facts) {
    var rules = of.getString();
    if (rules.getUuid()) facts.add("UUID");
    rules.getInList().forEach(word -> facts.add("`" + word + "`"));
    if (rules.hasMaxLen()) {
      facts.add(
          of.getIgnore() == Ignore.IGNORE_IF_ZERO_VALUE
              ? "at most " + rules.getMaxLen() + " characters"
              : rules.getMinLen() + " to " + rules.getMaxLen());
    }
    if (rules.hasExtension(RulesProto.lettersDigitsAnd)) {
      var others = rules.getExtension(RulesProto.lettersDigitsAnd);
      facts.add(others.isEmpty() ? "letters and digits" : "letters, digits and `" + others + "`");
    } else if (rules.getExtension(RulesProto.printable)) {
      facts.add("no control characters");
      // All characters that other texts may have are visible.
      if (rules.getExtension(RulesProto.notBlank)) facts.add("not blank");
    }
    if (rules.getExtension(RulesProto.letterOrDigitAtBothEnds)) {
      facts.add("a letter or digit at both ends");
    }
    if (rules.getExtension(RulesProto.noDigitFirst)) facts.add("no digit first");
    if (rules.getExtension(RulesProto.visibleAscii)) facts.add("visible ASCII");
  }
}
