package dev.chowder.server.request;

import dev.chowder.api.v1.ListInstancesRequest;
import dev.chowder.base.Ids;
import dev.chowder.server.error.ApiError;
import dev.chowder.server.rules.Defaults;
import java.util.Optional;

/** Reads the paging fields of lists. */
public final class Pages {
  /** All lists have one default. */
  private static final int DEFAULT_SIZE =
      Defaults.of(ListInstancesRequest.getDescriptor(), "page_size");

  private Pages() {}

  /** Returns {@code page_size}, or its default. */
  public static int size(boolean given, int value) {
    return given ? value : DEFAULT_SIZE;
  }

  /** Returns {@code page_token} of a list whose tokens have the form of ids. */
  public static Optional<String> after(String token) {
    if (token.isEmpty()) return Optional.empty();
    if (!Ids.isId(token)) throw badToken(token);
    return Optional.of(token);
  }

  /**
   * Returns the error for an invalid {@code page_token}, for lists whose tokens have another form.
   */
  public static ApiError badToken(String token) {
    return ApiError.must("page_token", "be next_page_token of the previous page", token);
  }
}
