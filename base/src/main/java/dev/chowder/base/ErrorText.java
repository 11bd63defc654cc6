package dev.chowder.base;

/**
 * Builds the texts of errors. There are two forms: {@code FIELD: must RULE; got VALUE} for a wrong
 * value, and {@code cannot VERB: CAUSE; REMEDY} for an action that failed.
 */
public final class ErrorText {
  /** Enough for a path or a URL, and short enough for a log line. */
  private static final int SHOWN_CHARACTERS = 128;

  private ErrorText() {}

  /** Returns the text without the value, for secrets and for values that the rule implies. */
  public static String must(String field, String rule) {
    return field + ": " + rule(rule);
  }

  /**
   * Returns the text for a wrong value.
   *
   * @param field the field, header or setting
   * @param rule what follows "must"
   * @param got the value or a description of it, never a secret; see {@link #shown}
   */
  public static String must(String field, String rule, Object got) {
    return field + ": " + rule(rule, got);
  }

  /** Returns {@code must RULE}, for errors that keep their field apart from the text. */
  public static String rule(String rule) {
    return "must " + rule;
  }

  /** Returns {@code must RULE; got VALUE}, for errors that keep their field apart from the text. */
  public static String rule(String rule, Object got) {
    return rule(rule) + "; got " + shown(got);
  }

  /** Returns the text for an action that failed and that the reader cannot repair. */
  public static String cannot(String verb, String cause) {
    return "cannot " + verb + ": " + cause;
  }

  /**
   * Returns the text for an action that failed.
   *
   * @param verb the reader's action, such as "download the file"
   * @param remedy what the reader can do, as an imperative
   */
  public static String cannot(String verb, String cause, String remedy) {
    return cannot(verb, cause) + "; " + remedy;
  }

  /**
   * Returns a value as errors show it: control characters are replaced, because they could forge
   * log lines or reverse the direction of text, and long values are cut.
   */
  public static String shown(Object value) {
    String whole = value.toString();
    return whole.isEmpty() ? "an empty string" : printable(whole, SHOWN_CHARACTERS);
  }

  /**
   * Returns a message of another program in one printable line.
   *
   * @param most number of characters after which the message is cut
   */
  public static String excerpt(String message, int most) {
    return printable(message.strip().replaceAll("\\s+", " "), most);
  }

  private static String printable(String whole, int most) {
    var text = new StringBuilder();
    whole
        .codePoints()
        .limit(most)
        .map(c -> isPrintable(c) ? c : '\uFFFD')
        .forEach(text::appendCodePoint);
    boolean cut = whole.codePointCount(0, whole.length()) > most;
    return cut ? text + "..." : text.toString();
  }

  /**
   * Returns whether a code point shows itself only: it is no control character, separator of lines
   * or paragraphs, surrogate, or change of the direction of text.
   */
  public static boolean isPrintable(int c) {
    boolean changesDirection = (c >= 0x202A && c <= 0x202E) || (c >= 0x2066 && c <= 0x2069);
    return !changesDirection
        && switch (Character.getType(c)) {
          case Character.CONTROL,
              Character.LINE_SEPARATOR,
              Character.PARAGRAPH_SEPARATOR,
              Character.SURROGATE ->
              false;
          default -> true;
        };
  }
}
