package dev.chowder.apidocs;

import build.buf.validate.FieldRules;
import build.buf.validate.Ignore;
import build.buf.validate.StringRules;
import build.buf.validate.ValidateProto;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.google.protobuf.Descriptors.FieldDescriptor;
import dev.chowder.api.v1.RulesProto;

/** Writes the rules of fields as keywords of JSON Schema. */
final class FieldLimits {
  private static final String PRINTABLES =
      "[^\\u0000-\\u001f\\u007f-\\u009f\\u2028-\\u202e\\u2066-\\u2069]*";

  /** As the rule {@code printable}. */
  static final String PRINTABLE = "^" + PRINTABLES + "$";

  /** The blank ones of these characters. */
  private static final String PRINTABLE_BLANKS =
      "[\\u0020\\u00a0\\u00ad\\u0600-\\u0605\\u061c\\u06dd\\u070f\\u0890\\u0891\\u08e2\\u1680\\u180e"
          + "\\u2000-\\u200f\\u202f\\u205f-\\u2064\\u206a-\\u206f\\u3000\\ufeff\\ufff9-\\ufffb]*";

  /**
   * As the rules {@code printable} and {@code not_blank}. Accepts invisible characters above
   * U+FFFF, because validators encode them differently. Has no lookahead, which RE2 does not know.
   * A character matches only one of the first two classes, since validators that backtrack would
   * otherwise take quadratic time for text that does not match.
   */
  static final String NOT_BLANK =
      "^"
          + PRINTABLE_BLANKS
          + "[^\\u0000-\\u0020\\u007f-\\u00a0\\u00ad\\u0600-\\u0605\\u061c\\u06dd\\u070f\\u0890\\u0891\\u08e2"
          + "\\u1680\\u180e\\u2000-\\u200f\\u2028-\\u202f\\u205f-\\u2064\\u2066-\\u206f\\u3000\\ufeff"
          + "\\ufff9-\\ufffb]"
          + PRINTABLES
          + "$";

  private static final String VISIBLE_ASCII = "^[!-~]*$";

  private FieldLimits() {}

  /** Returns the rules of a field; without any if it has none. */
  static FieldRules rules(FieldDescriptor field) {
    return field.getOptions().getExtension(ValidateProto.field);
  }

  static void ofText(ObjectNode schema, FieldRules of) {
    var rules = of.getString();
    if (rules.getUuid()) schema.put("format", "uuid");
    // If an empty text is accepted, there is no shortest one.
    if (rules.hasMinLen() && of.getIgnore() != Ignore.IGNORE_IF_ZERO_VALUE) {
      schema.put("minLength", (int) rules.getMinLen());
    }
    if (rules.hasMaxLen()) schema.put("maxLength", (int) rules.getMaxLen());
    var pattern = pattern(rules);
    if (pattern.equals(NOT_BLANK) && of.getIgnore() == Ignore.IGNORE_IF_ZERO_VALUE) {
      pattern = "^(?:" + NOT_BLANK.substring(1, NOT_BLANK.length() - 1) + ")?$";
    }
    if (!pattern.isEmpty()) schema.put("pattern", pattern);
    if (rules.getInCount() > 0) rules.getInList().forEach(schema.putArray("enum")::add);
  }

  /** Returns the pattern of the rule that allows the fewest characters; empty if there is none. */
  private static String pattern(StringRules rules) {
    if (rules.hasExtension(RulesProto.lettersDigitsAnd)) {
      var others = rules.getExtension(RulesProto.lettersDigitsAnd);
      var all = "[A-Za-z0-9" + others + "]*";
      if (rules.getExtension(RulesProto.letterOrDigitAtBothEnds)) {
        return "^[A-Za-z0-9](?:" + all + "[A-Za-z0-9])?$";
      }
      // Not a lookahead, which RE2 does not know.
      return rules.getExtension(RulesProto.noDigitFirst)
          ? "^(?:[A-Za-z" + others + "]" + all + ")?$"
          : "^" + all + "$";
    }
    if (rules.getExtension(RulesProto.visibleAscii)) return VISIBLE_ASCII;
    if (!rules.getExtension(RulesProto.printable)) return "";
    return rules.getExtension(RulesProto.notBlank) ? NOT_BLANK : PRINTABLE;
  }

  static void ofNumber(ObjectNode schema, FieldDescriptor field) {
    var rules = rules(field).getInt32();
    if (rules.hasGte()) schema.put("minimum", rules.getGte());
    if (rules.hasLte()) schema.put("maximum", rules.getLte());
    if (field.getOptions().hasExtension(RulesProto.defaultValue)) {
      schema.put("default", field.getOptions().getExtension(RulesProto.defaultValue));
    }
  }

  /** Adds the limits of a list in a request. A list that must not be empty is required. */
  static void ofList(ObjectNode schema, FieldRules of) {
    var rules = of.getRepeated();
    if (rules.hasMinItems()) schema.put("minItems", (int) rules.getMinItems());
    if (rules.hasMaxItems()) schema.put("maxItems", (int) rules.getMaxItems());
  }

  /** Adds the limits of an object with string keys, whose values have their own schema. */
  static void ofMap(ObjectNode schema, FieldRules of) {
    var rules = of.getMap();
    if (rules.hasMaxPairs()) schema.put("maxProperties", (int) rules.getMaxPairs());
    if (rules.hasKeys()) ofText(schema.putObject("propertyNames"), rules.getKeys());
  }
}
