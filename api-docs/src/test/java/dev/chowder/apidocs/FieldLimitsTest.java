package dev.chowder.apidocs;

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
import org.junit.jupiter.api.Test;

/** Checks that the comment of each field says what its rules are. */
class FieldLimitsTest {
  /** Fewer fields would mean that the test no longer finds the rules. */
  private static final int FEWEST = 60;

  @Test
  void commentsStateTheRulesOfTheirFields() throws IOException {
    var api = ApiDescriptors.read();
    var messages = new LinkedHashSet<Descriptor>();
    for (var service : api.services()) {
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
            .filter(fact -> !comment.contains(fact))
            .forEach(fact -> missing.add(field.getFullName() + ": must state " + fact));
      }
    }
    assertThat(missing).isEmpty();
    assertThat(ruled).isGreaterThan(FEWEST);
  }

  private static void collect(Descriptor message, Set<Descriptor> all) {
    if (!message.getFile().getPackage().equals("chowder.v1") || !all.add(message)) return;
    message.getFields().stream()
        .filter(field -> field.getJavaType() == FieldDescriptor.JavaType.MESSAGE)
        .filter(field -> !field.isMapField())
        .forEach(field -> collect(field.getMessageType(), all));
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
                : "At least one.");
      }
      case MAP -> {
        if (rules.getMap().hasMaxPairs()) facts.add("t most " + rules.getMap().getMaxPairs());
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
    }
    if (rules.getExtension(RulesProto.letterOrDigitAtBothEnds)) {
      facts.add("a letter or digit at both ends");
    }
    if (rules.getExtension(RulesProto.noDigitFirst)) facts.add("no digit first");
    if (rules.getExtension(RulesProto.visibleAscii)) facts.add("visible ASCII");
  }
}
