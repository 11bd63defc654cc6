package dev.chowder.server.call;

import dev.chowder.actor.Ids;
import dev.chowder.server.error.ApiError;
import java.util.Optional;

/** The fields by which every list is read page by page. */
public final class Pages {
  private static final int DEFAULT_SIZE = 100;
  private static final int MAX_SIZE = 500;

  private Pages() {}

  /** {@code page_size}. */
  public static int size(boolean given, int value) {
    return given ? Fields.inRange("page_size", value, 1, MAX_SIZE) : DEFAULT_SIZE;
  }

  /** {@code page_token}, of a list whose pages end with an id. */
  public static Optional<String> after(String token) {
    if (token.isEmpty()) return Optional.empty();
    if (!Ids.isId(token)) throw badToken(token);
    return Optional.of(token);
  }

  /** For whoever has tokens of another form. */
  public static ApiError badToken(String token) {
    return ApiError.invalid(
        "page_token", Fields.shown(token) + " (expected: next_page_token of the page before)");
  }
}
