package dev.chowder.server.operator;

import dev.chowder.server.auth.TokenFile;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Finds the operator token in the header {@code authorization}. */
final class OperatorToken {
  private static final String BEARER = "bearer ";

  private OperatorToken() {}

  /**
   * Returns whether the only value of the header is Bearer and the token.
   *
   * @param values values of the header; null if it is absent
   */
  static boolean isIn(@Nullable List<String> values, TokenFile token) {
    var value = values == null || values.size() != 1 ? "" : values.getFirst();
    boolean bearer = value.regionMatches(true, 0, BEARER, 0, BEARER.length());
    return bearer && token.is(value.substring(BEARER.length()).strip());
  }
}
