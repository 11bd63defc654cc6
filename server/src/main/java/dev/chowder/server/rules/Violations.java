package dev.chowder.server.rules;

import static dev.chowder.base.ErrorText.shown;

import build.buf.validate.FieldPathElement;
import build.buf.validate.FieldRules;
import build.buf.validate.Ignore;
import build.buf.validate.StringRules;
import build.buf.validate.ValidateProto;
import build.buf.validate.Violation;
import com.google.protobuf.Descriptors.FieldDescriptor;
import com.google.protobuf.MapEntry;
import com.google.protobuf.Message;
import dev.chowder.api.v1.RulesProto;
import dev.chowder.server.error.ApiError;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/** Presents violations of rules as {@code FIELD: must RULE; got VALUE}. */
final class Violations {
  private static final String UUID = "string.uuid";

  /** Rules whose own message says all. */
  private static final Set<String> COMPLETE = Set.of("string.printable", "string.not_blank");

  private static final Set<String> OF_LENGTH = Set.of("string.min_len", "string.max_len");

  private Violations() {}

  /** Returns whether the violation is that of a malformed id. */
  static boolean isOfId(Violation violation) {
    // An empty id violates a variant of the rule.
    return violation.getRuleId().startsWith(UUID);
  }

  /**
   * Returns the error for a violation.
   *
   * @param prefix what the error has before the name of the field
   * @param message the message that was checked
   */
  static ApiError error(String prefix, Message message, Violation violation) {
    var place = violation.getField().getElements(0);
    var field = message.getDescriptorForType().findFieldByNumber(place.getFieldNumber());
    var name = prefix + field.getName();
    var rules = field.getOptions().getExtension(ValidateProto.field);
    if (violation.getForKey()) {
      var key = place.getStringKey();
      return text(name, "have keys of ", rules.getMap().getKeys(), key, violation);
    }
    if (place.hasStringKey()) {
      // A key without rules may have any characters.
      var entry = name + "." + shown(place.getStringKey());
      var value = entryValue(message, field, place);
      return text(entry, "be ", rules.getMap().getValues(), value, violation);
    }
    return switch (rules.getTypeCase()) {
      case STRING -> text(name, "be ", rules, (String) message.getField(field), violation);
      case INT32 -> number(name, rules, (Integer) message.getField(field));
      case REPEATED -> list(name, field, rules, message.getRepeatedFieldCount(field));
      case MAP ->
          ApiError.must(
              name,
              "have at most " + rules.getMap().getMaxPairs() + " entries",
              message.getRepeatedFieldCount(field));
      default -> throw new IllegalStateException(violation.getRuleId() + ": has no text");
    };
  }

  private static String entryValue(Message message, FieldDescriptor map, FieldPathElement place) {
    return IntStream.range(0, message.getRepeatedFieldCount(map))
        .mapToObj(n -> (MapEntry<?, ?>) message.getRepeatedField(map, n))
        .filter(entry -> entry.getKey().equals(place.getStringKey()))
        .map(entry -> (String) entry.getValue())
        .findFirst()
        .orElseThrow();
  }

  private static ApiError text(
      String name, String verb, FieldRules of, String value, Violation violation) {
    var rules = of.getString();
    if (COMPLETE.contains(violation.getRuleId())) {
      return ApiError.invalid(name, violation.getMessage());
    }
    if (rules.getInCount() > 0) {
      return ApiError.must(name, verb + "one of " + String.join(", ", rules.getInList()), value);
    }
    var range = verb + rules.getMinLen() + " to " + rules.getMaxLen() + " ";
    int length = value.codePointCount(0, value.length());
    boolean isOfLength = OF_LENGTH.contains(violation.getRuleId());
    if (rules.getExtension(RulesProto.visibleAscii)) {
      // The value is not shown, because a malformed key may contain most of a real one.
      return ApiError.must(
          name,
          range + "printable ASCII characters without spaces" + orEmpty(of),
          length + " characters" + (isOfLength ? "" : ", some of them not allowed"));
    }
    if (isOfLength && rules.getExtension(RulesProto.printable)) {
      return ApiError.must(name, range + "characters", length);
    }
    return ApiError.must(name, range + letters(rules, violation.getForKey()), value);
  }

  private static String orEmpty(FieldRules rules) {
    return rules.getIgnore() == Ignore.IGNORE_IF_ZERO_VALUE ? ", or empty to remove it" : "";
  }

  private static String letters(StringRules rules, boolean ofKey) {
    var others = rules.getExtension(RulesProto.lettersDigitsAnd);
    var text = others.isEmpty() ? "letters and digits" : "letters, digits and " + others;
    if (!others.isEmpty() && !ofKey) text = "characters of " + text;
    if (rules.getExtension(RulesProto.letterOrDigitAtBothEnds)) {
      text += ", with a letter or digit at both ends";
    }
    if (rules.getExtension(RulesProto.noDigitFirst)) text += ", no digit first";
    return text;
  }

  private static ApiError number(String name, FieldRules of, int value) {
    var rules = of.getInt32();
    int most = rules.hasLte() ? rules.getLte() : Integer.MAX_VALUE;
    return ApiError.must(name, "be " + rules.getGte() + " to " + most, value);
  }

  private static ApiError list(String name, FieldDescriptor field, FieldRules of, int size) {
    var rules = of.getRepeated();
    if (field.getJavaType() == FieldDescriptor.JavaType.ENUM) {
      var words =
          field.getEnumType().getValues().stream()
              .filter(word -> word.getNumber() != 0)
              .map(word -> word.getName())
              .collect(Collectors.joining(", "));
      return ApiError.must(name, "have at least one of " + words, "none");
    }
    return ApiError.must(
        name, "have " + rules.getMinItems() + " to " + rules.getMaxItems() + " ids", size);
  }
}
