package dev.chowder.cli.output;

/**
 * Makes text of others safe for a terminal. Names, logs and responses may contain control
 * characters that move the cursor, change the title of a window or reverse the order of text.
 */
public final class Printable {
  private Printable() {}

  /** Returns the text on one line, with each unsafe character as an escape such as {@code \x1b}. */
  public static String line(String text) {
    StringBuilder safe = null;
    for (int i = 0; i < text.length(); ) {
      int character = text.codePointAt(i);
      int next = i + Character.charCount(character);
      if (isUnsafe(character)) {
        if (safe == null) safe = new StringBuilder(text.length() + 16).append(text, 0, i);
        safe.append(escape(character));
      } else if (safe != null) {
        safe.appendCodePoint(character);
      }
      i = next;
    }
    return safe == null ? text : safe.toString();
  }

  /**
   * Returns JSON with DEL, C1 controls, marks of text direction and line separators escaped. JSON
   * allows them only in strings, whose values do not change.
   */
  public static String json(String json) {
    StringBuilder safe = null;
    for (int i = 0; i < json.length(); i++) {
      char character = json.charAt(i);
      if (character >= 0x7f && !Character.isSurrogate(character) && isUnsafe(character)) {
        if (safe == null) safe = new StringBuilder(json.length() + 16).append(json, 0, i);
        safe.append("\\u%04x".formatted((int) character));
      } else if (safe != null) {
        safe.append(character);
      }
    }
    return safe == null ? json : safe.toString();
  }

  /** Returns whether a character controls the terminal, the direction of text, or its lines. */
  static boolean isUnsafe(int character) {
    return switch (Character.getType(character)) {
      case Character.CONTROL,
          Character.LINE_SEPARATOR,
          Character.PARAGRAPH_SEPARATOR,
          Character.SURROGATE ->
          true;
      // The joiners are part of words and emojis.
      case Character.FORMAT -> character != 0x200c && character != 0x200d;
      default -> false;
    };
  }

  private static String escape(int character) {
    return character < 0x100 ? "\\x%02x".formatted(character) : "\\u{%x}".formatted(character);
  }
}
