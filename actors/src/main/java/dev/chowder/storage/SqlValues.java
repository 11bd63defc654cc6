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
}
