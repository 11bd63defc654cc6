package dev.chowder.storage;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.type.TypeReference;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.jdbi.v3.core.argument.Argument;

/**
 * Converts values to and from columns. Times are always in UTC, so that no session's time zone
 * changes them.
 */
public final class SqlValues {
  private static final JsonMapper JSON = JsonMapper.builder().build();
  private static final TypeReference<Map<String, String>> TEXTS = new TypeReference<>() {};

  private SqlValues() {}

  public static Argument time(Instant time) {
    OffsetDateTime utc = time.atOffset(ZoneOffset.UTC);
    return (position, statement, _) -> statement.setObject(position, utc);
  }

  /** Returns the argument for a time; NULL if it is empty. */
  public static Argument time(Optional<Instant> time) {
    OffsetDateTime utc = time.map(t -> t.atOffset(ZoneOffset.UTC)).orElse(null);
    return (position, statement, _) -> statement.setObject(position, utc);
  }

  public static Instant instant(ResultSet row, String column) throws SQLException {
    return row.getObject(column, OffsetDateTime.class).toInstant();
  }

  /** Returns a time; empty if it is NULL. */
  public static Optional<Instant> optionalInstant(ResultSet row, String column)
      throws SQLException {
    return Optional.ofNullable(row.getObject(column, OffsetDateTime.class))
        .map(OffsetDateTime::toInstant);
  }

  static String json(Map<String, String> texts) {
    try {
      return JSON.writeValueAsString(new TreeMap<>(texts));
    } catch (JsonProcessingException e) {
      throw new IllegalStateException(e);
    }
  }

  static Map<String, String> texts(String json) {
    try {
      return JSON.readValue(json, TEXTS);
    } catch (JsonProcessingException e) {
      throw new IllegalStateException(e);
    }
  }

  /** Returns a LIKE pattern, with the escape character {@code \}, for texts with this prefix. */
  static String startingWith(String prefix) {
    return prefix.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_") + "%";
  }

  /**
   * Returns an upper bound of all texts with the prefix; empty if there is none. It is valid in the
   * order of code points and in the order of UTF-16. Texts without the prefix may also be less than
   * it.
   */
  static Optional<String> beyond(String prefix) {
    int end = prefix.length();
    while (end > 0) {
      int last = prefix.codePointBefore(end);
      end -= Character.charCount(last);
      // The last code point and U+FFFF have no successor that is valid in both orders, so an
      // earlier character is incremented.
      if (last == Character.MAX_CODE_POINT || last == Character.MAX_VALUE) continue;
      int next = last + 1 == Character.MIN_SURROGATE ? Character.MAX_SURROGATE + 1 : last + 1;
      return Optional.of(prefix.substring(0, end) + Character.toString(next));
    }
    return Optional.empty();
  }
}
