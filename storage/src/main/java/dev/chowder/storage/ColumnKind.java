package dev.chowder.storage;

import static dev.chowder.base.ErrorText.must;

import java.io.DataOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Types;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.time.temporal.ChronoUnit;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/** The kinds of values in Chowder's tables. Each has one form in which all databases agree. */
enum ColumnKind {
  BYTES {
    @Override
    byte @Nullable [] read(ResultSet row, int column) throws SQLException {
      return row.getBytes(column);
    }

    @Override
    void write(PreparedStatement insert, int column, byte[] value) throws SQLException {
      insert.setBytes(column, value);
    }
  },
  TEXT {
    @Override
    byte @Nullable [] read(ResultSet row, int column) throws SQLException {
      String text = row.getString(column);
      return text == null ? null : text.getBytes(StandardCharsets.UTF_8);
    }

    @Override
    void write(PreparedStatement insert, int column, byte[] value) throws SQLException {
      insert.setString(column, new String(value, StandardCharsets.UTF_8));
    }
  },
  NUMBER {
    @Override
    byte @Nullable [] read(ResultSet row, int column) throws SQLException {
      long number = row.getLong(column);
      return row.wasNull() ? null : ascii(number);
    }

    @Override
    void write(PreparedStatement insert, int column, byte[] value) throws SQLException {
      insert.setLong(column, number(value));
    }
  },
  FLAG {
    @Override
    byte @Nullable [] read(ResultSet row, int column) throws SQLException {
      boolean flag = row.getBoolean(column);
      return row.wasNull() ? null : ascii(flag ? 1 : 0);
    }

    @Override
    void write(PreparedStatement insert, int column, byte[] value) throws SQLException {
      insert.setBoolean(column, number(value) == 1);
    }
  },
  /** In microseconds, the precision of the columns. */
  TIME {
    @Override
    byte @Nullable [] read(ResultSet row, int column) throws SQLException {
      OffsetDateTime time = row.getObject(column, OffsetDateTime.class);
      return time == null
          ? null
          : ascii(ChronoUnit.MICROS.between(Instant.EPOCH, time.toInstant()));
    }

    @Override
    void write(PreparedStatement insert, int column, byte[] value) throws SQLException {
      insert.setObject(
          column, Instant.EPOCH.plus(number(value), ChronoUnit.MICROS).atOffset(ZoneOffset.UTC));
    }
  };

  /** Returns the value of a column; null if it is NULL. */
  abstract byte @Nullable [] read(ResultSet row, int column) throws SQLException;

  abstract void write(PreparedStatement insert, int column, byte[] value) throws SQLException;

  /**
   * Writes a value for a digest. Its length comes first, so that no two lists of values have the
   * same bytes.
   */
  static void digest(DataOutputStream out, byte @Nullable [] value) throws IOException {
    out.writeInt(value == null ? -1 : value.length);
    if (value != null) out.write(value);
  }

  static ColumnKind of(String column, int jdbcType, String typeName) {
    if (typeName.toUpperCase(Locale.ROOT).startsWith("TIMESTAMP")) return TIME;
    return switch (jdbcType) {
      case Types.BLOB, Types.BINARY, Types.VARBINARY, Types.LONGVARBINARY -> BYTES;
      case Types.VARCHAR, Types.CHAR, Types.CLOB, Types.LONGVARCHAR -> TEXT;
      case Types.BIGINT, Types.INTEGER, Types.SMALLINT -> NUMBER;
      case Types.BOOLEAN, Types.BIT -> FLAG;
      default ->
          throw new IllegalStateException(
              must("column " + column, "have a type that can be copied", typeName));
    };
  }

  private static byte[] ascii(long number) {
    return Long.toString(number).getBytes(StandardCharsets.US_ASCII);
  }

  private static long number(byte[] ascii) {
    return Long.parseLong(new String(ascii, StandardCharsets.US_ASCII));
  }
}
