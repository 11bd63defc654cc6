package dev.chowder.server.request;

import dev.chowder.server.error.ApiError;
import java.util.List;

/**
 * Checks fields against lists from the settings. The protocol declares all other limits as rules of
 * its fields.
 */
public final class Fields {
  private Fields() {}

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
}
