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

/** How our values lie in columns; times always in UTC, so that no session's zone can move them. */
public final class SqlValues {
  private static final JsonMapper JSON = JsonMapper.builder().build();
  private static final TypeReference<Map<String, String>> TEXTS = new TypeReference<>() {};

  private SqlValues() {}

  public static Argument time(Instant time) {
    OffsetDateTime utc = time.atOffset(ZoneOffset.UTC);
    return (position, statement, _) -> statement.setObject(position, utc);
  }

  /** Absent is NULL. */
  public static Argument time(Optional<Instant> time) {
    OffsetDateTime utc = time.map(t -> t.atOffset(ZoneOffset.UTC)).orElse(null);
    return (position, statement, _) -> statement.setObject(position, utc);
  }

  public static Instant instant(ResultSet row, String column) throws SQLException {
    return row.getObject(column, OffsetDateTime.class).toInstant();
  }

  /** NULL is absent. */
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

  /** A pattern for LIKE with the escape character {@code \} that matches this beginning only. */
  static String startingWith(String prefix) {
    return prefix.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_") + "%";
  }

  /**
   * The first text after all that begin with the prefix, in the order of code points as in that of
   * UTF-16; empty: there is none. Some others may lie before it.
   */
  static Optional<String> beyond(String prefix) {
    int end = prefix.length();
    while (end > 0) {
      int last = prefix.codePointBefore(end);
      end -= Character.charCount(last);
      // What follows a surrogate pair's last one, or U+FFFF, is ordered in both ways only further
      // on the left.
      if (last == Character.MAX_CODE_POINT || last == Character.MAX_VALUE) continue;
      int next = last + 1 == Character.MIN_SURROGATE ? Character.MAX_SURROGATE + 1 : last + 1;
      return Optional.of(prefix.substring(0, end) + Character.toString(next));
    }
    return Optional.empty();
  }
}
