package dev.chowder.apidocs;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.function.Consumer;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;

/**
 * Reads the limits from a field's comment as keywords of JSON Schema. Comments use only the phrases
 * below, and {@code DocumentedLimitsIT} tests each limit.
 */
final class DocumentedLimits {
  private static final String LETTERS = "of letters, digits and `([^`]+)`";
  private static final Pattern UUID = Pattern.compile("^A UUID\\b");
  private static final Pattern LENGTH = Pattern.compile("(?<!keys )\\b(\\d+) to (\\d+) characters");
  private static final Pattern CHARACTERS = Pattern.compile("characters " + LETTERS + "\\.");
  private static final Pattern PRINTABLE = Pattern.compile("no control characters");
  private static final Pattern RANGE = Pattern.compile("\\b(\\d+) to (\\d+)\\b(?! characters)");
  private static final Pattern LEAST = Pattern.compile("^At least (\\d+)");
  private static final Pattern ITEMS = Pattern.compile("^(\\d+) to (\\d+) ids\\b");
  private static final Pattern NOT_EMPTY = Pattern.compile("^At least one\\b");
  private static final Pattern DEFAULT = Pattern.compile("default (\\d+)");
  private static final Pattern PAIRS =
      Pattern.compile(
          "[aA]t most (\\d+)(?: pairs)?; keys (\\d+) to (\\d+) characters "
              + LETTERS
              + ", a letter or digit at both ends; values at most (\\d+) characters");
  private static final Pattern VALUES =
      Pattern.compile("values at most (\\d+) characters of visible ASCII");
  private static final String WORD = "`[a-z][a-z-]*`(?: \\([^)]*\\))?";
  private static final Pattern ONE_OF =
      Pattern.compile("^(" + WORD + "(?:, " + WORD + ")* or " + WORD + ")[.;]");
  private static final Pattern ONLY = Pattern.compile("^(?:Only|Always) (`[a-z]+`)[.,]");
  private static final Pattern KEYS = Pattern.compile("^Provider \\(([^)]*)\\) to ");
  private static final Pattern QUOTED = Pattern.compile("`([a-z-]+)`(?: \\([^)]*\\))?");

  /**
   * As {@code Fields.text} rejects them: control characters, and characters that break or reverse
   * lines.
   */
  private static final String NO_CONTROL =
      "^[^\\u0000-\\u001f\\u007f-\\u009f\\u2028-\\u202e\\u2066-\\u2069]*$";

  private DocumentedLimits() {}

  static void ofText(ObjectNode schema, String comment) {
    if (UUID.matcher(comment).find()) schema.put("format", "uuid");
    first(
        LENGTH,
        comment,
        found -> {
          schema.put("minLength", number(found, 1));
          schema.put("maxLength", number(found, 2));
        });
    first(
        CHARACTERS,
        comment,
        found -> schema.put("pattern", "^[" + letters(found.group(1)) + "]*$"));
    if (PRINTABLE.matcher(comment).find()) schema.put("pattern", NO_CONTROL);
    for (var form : new Pattern[] {ONE_OF, ONLY}) {
      first(form, comment, found -> words(schema, found.group(1)));
    }
  }

  private static void words(ObjectNode schema, String text) {
    var values = schema.putArray("enum");
    QUOTED.matcher(text).results().forEach(word -> values.add(word.group(1)));
  }

  static void ofNumber(ObjectNode schema, String comment) {
    first(
        RANGE,
        comment,
        found -> {
          schema.put("minimum", number(found, 1));
          schema.put("maximum", number(found, 2));
        });
    first(LEAST, comment, found -> schema.put("minimum", number(found, 1)));
    first(DEFAULT, comment, found -> schema.put("default", number(found, 1)));
  }

  /** Adds the limits of a list in a request. A list that must not be empty is required. */
  static void ofList(ObjectNode schema, String comment) {
    first(
        ITEMS,
        comment,
        found -> {
          schema.put("minItems", number(found, 1));
          schema.put("maxItems", number(found, 2));
        });
    if (NOT_EMPTY.matcher(comment).find()) schema.put("minItems", 1);
  }

  /** Adds the limits of an object with string keys, whose values have their own schema. */
  static void ofMap(ObjectNode schema, ObjectNode values, String comment) {
    first(
        PAIRS,
        comment,
        found -> {
          schema.put("maxProperties", number(found, 1));
          schema
              .putObject("propertyNames")
              .put("minLength", number(found, 2))
              .put("maxLength", number(found, 3))
              .put("pattern", pattern(letters(found.group(4))));
          values.put("maxLength", number(found, 5)).put("pattern", NO_CONTROL);
        });
    first(
        VALUES,
        comment,
        found -> values.put("maxLength", number(found, 1)).put("pattern", "^[!-~]*$"));
    first(KEYS, comment, found -> words(schema.putObject("propertyNames"), found.group(1)));
  }

  /** Returns a pattern with a letter or digit at both ends. */
  private static String pattern(String letters) {
    return "^[A-Za-z0-9](?:[" + letters + "]*[A-Za-z0-9])?$";
  }

  /** Returns the characters for a character class, in which a hyphen must be last. */
  private static String letters(String others) {
    return "A-Za-z0-9" + others;
  }

  private static int number(MatchResult found, int group) {
    return Integer.parseInt(found.group(group));
  }

  private static void first(Pattern form, String comment, Consumer<MatchResult> then) {
    form.matcher(comment).results().findFirst().ifPresent(then);
  }
}
