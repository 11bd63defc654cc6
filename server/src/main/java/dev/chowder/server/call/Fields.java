package dev.chowder.server.call;

import dev.chowder.server.error.ApiError;
import java.util.List;

/**
 * The forms that fields of several requests share. Each check names the field, what it got and what
 * it expects; what it got is shown only as far as it is safe to print.
 */
public final class Fields {
  private static final int SHOWN_CHARACTERS = 64;

  private Fields() {}

  /** 1 to {@code max} code points, not blank, no control characters; returned as it came. */
  public static String text(String field, String value, int max) {
    int length = value.codePointCount(0, value.length());
    if (length == 0) {
      throw ApiError.invalid(field, "empty (expected: 1 to " + max + " characters)");
    }
    if (length > max) {
      throw ApiError.invalid(field, length + " characters (expected: 1 to " + max + " characters)");
    }
    if (value.codePoints().anyMatch(Fields::isControl)) {
      throw ApiError.invalid(field, "a control character (expected: none)");
    }
    if (value.codePoints().allMatch(Fields::isBlank)) {
      throw ApiError.invalid(field, "blank (expected: something to read)");
    }
    return value;
  }

  /** One of the known values; the error lists them. */
  public static String oneOf(String field, String value, List<String> known) {
    if (!known.contains(value)) {
      throw ApiError.invalid(field, shown(value) + " (expected: " + String.join(", ", known) + ")");
    }
    return value;
  }

  /** Within the limits, both included. */
  public static int inRange(String field, int value, int least, int most) {
    if (value < least || value > most) {
      throw ApiError.invalid(field, value + " (expected: " + least + " to " + most + ")");
    }
    return value;
  }

  /** What a caller sent, made short and printable. */
  public static String shown(String value) {
    if (value.isEmpty()) {
      return "empty";
    }
    var text = new StringBuilder();
    value
        .codePoints()
        .limit(SHOWN_CHARACTERS)
        .map(c -> isControl(c) || Character.getType(c) == Character.SURROGATE ? '\uFFFD' : c)
        .forEach(text::appendCodePoint);
    return value.codePointCount(0, value.length()) > SHOWN_CHARACTERS
        ? text + "..."
        : text.toString();
  }

  /**
   * Control characters, line and paragraph separators, and those that change the direction of text.
   */
  static boolean isControl(int c) {
    return switch (Character.getType(c)) {
      case Character.CONTROL, Character.LINE_SEPARATOR, Character.PARAGRAPH_SEPARATOR -> true;
      default -> (c >= 0x202A && c <= 0x202E) || (c >= 0x2066 && c <= 0x2069);
    };
  }

  private static boolean isBlank(int c) {
    // Spaces of every kind, and characters without a width, such as U+200B and U+FEFF.
    return Character.isWhitespace(c)
        || Character.isSpaceChar(c)
        || Character.getType(c) == Character.FORMAT;
  }
}
