package dev.chowder.server.request;

import dev.chowder.base.ErrorText;
import dev.chowder.server.error.ApiError;
import java.util.List;

/**
 * Checks that fields of several requests share. An error names the field, its rule and the value,
 * as far as the value is safe to print.
 */
public final class Fields {
  private Fields() {}

  /**
   * Returns the value unchanged if it has 1 to {@code max} code points, no control characters, and
   * is not blank.
   *
   * @throws ApiError {@code INVALID_FIELD} otherwise
   */
  public static String text(String field, String value, int max) {
    int length = value.codePointCount(0, value.length());
    if (length == 0 || length > max) {
      throw ApiError.must(field, "be 1 to " + max + " characters", length);
    }
    if (!value.codePoints().allMatch(ErrorText::isPrintable)) {
      throw ApiError.must(field, "have no control characters");
    }
    if (value.codePoints().allMatch(Fields::isBlank)) {
      throw ApiError.must(field, "have a character that is not blank");
    }
    return value;
  }

  /**
   * Returns the value if it is known.
   *
   * @throws ApiError {@code INVALID_FIELD} with the known values otherwise
   */
  public static String oneOf(String field, String value, List<String> known) {
    if (!known.contains(value)) {
      throw ApiError.must(field, "be one of " + String.join(", ", known), value);
    }
    return value;
  }

  /**
   * Returns the value if it is from {@code least} to {@code most}.
   *
   * @throws ApiError {@code INVALID_FIELD} otherwise
   */
  public static int inRange(String field, int value, int least, int most) {
    if (value < least || value > most) {
      throw ApiError.must(field, "be " + least + " to " + most, value);
    }
    return value;
  }

  private static boolean isBlank(int c) {
    // All spaces, and characters without a width, such as U+200B and U+FEFF.
    return Character.isWhitespace(c)
        || Character.isSpaceChar(c)
        || Character.getType(c) == Character.FORMAT;
  }
}
