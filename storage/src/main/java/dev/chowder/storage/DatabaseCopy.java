package dev.chowder.storage;

import static dev.chowder.base.ErrorText.cannot;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * Copies a snapshot of a database into an empty one of the same or another kind, and compares the
 * two. Afterwards the target contains all rows or none. Does not know any table.
 */
final class DatabaseCopy {
  /** Limits of one round trip: number of rows, and bytes in memory. */
  private static final int BATCH_ROWS = 500;

  private static final int BATCH_BYTES = 4 << 20;

  /** Rows that the driver reads ahead. The largest rows have 1 MiB. */
  private static final int READ_AHEAD = 50;

  private DatabaseCopy() {}

  /**
   * Copies all tables. Both databases must have the tables of this version.
   *
   * @return digests of the copied tables
   * @throws StorageException if the target is not empty, or differs from the source afterwards
   */
  static List<TableDigest> copy(StorageSettings source, StorageSettings target) {
    try (var sources = ConnectionPool.openForLongWork("chowder-copy", source);
        var targets = ConnectionPool.openForLongWork("chowder-copy-target", target);
        Connection from = sources.getConnection();
        Connection to = targets.getConnection()) {
      source.dialect().readSnapshot(from);
      to.setAutoCommit(false);
      List<Pair> pairs = pairs(TableShape.of(from), TableShape.of(to));
      for (Pair pair : pairs) mustBeEmpty(to, pair.to());
      // Before the copy, since H2 commits after each of these statements.
      for (Pair pair : pairs) continueIdentity(from, source.dialect(), to, pair);
      List<TableDigest> copied = new ArrayList<>();
      for (Pair pair : pairs) copied.add(copy(from, to, pair));
      for (int n = 0; n < pairs.size(); n++) {
        TableDigest stored = read(to, pairs.get(n).to());
        if (!stored.equals(copied.get(n))) {
          throw new StorageException(
              cannot(
                  "copy the database",
                  "the target has "
                      + stored
                      + " instead of "
                      + copied.get(n)
                      + ", so nothing was stored"));
        }
      }
      to.commit();
      return copied;
    } catch (SQLException e) {
      throw new StorageException(
          cannot("copy the database", StorageException.rootMessage(e), "check both databases"), e);
    }
  }

  /** A table in the source and in the target. */
  private record Pair(TableShape from, TableShape to) {}

  private static List<Pair> pairs(List<TableShape> from, List<TableShape> to) {
    var targets = to.stream().collect(Collectors.toMap(TableShape::name, table -> table));
    if (from.size() != to.size() || !from.stream().allMatch(t -> targets.containsKey(t.name()))) {
      throw new StorageException(
          cannot(
              "copy the database",
              "the target has the tables " + names(to) + ", the source has " + names(from)));
    }
    List<Pair> pairs = new ArrayList<>();
    for (TableShape table : from) {
      Pair pair = new Pair(table, Objects.requireNonNull(targets.get(table.name())));
      if (!columns(pair.from()).equals(columns(pair.to()))) {
        throw new StorageException(
            cannot(
                "copy table " + table.name(),
                "the target has the columns "
                    + columns(pair.to())
                    + ", the source has "
                    + columns(pair.from())));
      }
      pairs.add(pair);
    }
    return pairs;
  }

  private static String names(List<TableShape> tables) {
    return tables.stream().map(TableShape::name).sorted().collect(Collectors.joining(" "));
  }

  private static List<String> columns(TableShape table) {
    return table.columns().stream().map(column -> column.name() + " " + column.kind()).toList();
  }

  private static void mustBeEmpty(Connection to, TableShape table) throws SQLException {
    try (var query = to.createStatement();
        var rows = query.executeQuery("SELECT 1 FROM " + table.sqlName() + " LIMIT 1")) {
      if (rows.next()) {
        throw new StorageException(
            cannot(
                "copy the database",
                "table " + table.name() + " of the target has rows",
                "use an empty database"));
      }
    }
  }

  /**
   * Continues the numbers of an identity column: new numbers must be greater than all that the
   * source ever assigned.
   */
  private static void continueIdentity(Connection from, Dialect source, Connection to, Pair pair)
      throws SQLException {
    var column = pair.from().identity();
    if (column.isEmpty()) return;
    long next;
    try (var query = from.createStatement();
        var row = query.executeQuery(source.nextIdentity(pair.from(), column.get()))) {
      row.next();
      next = row.getLong(1);
    }
    var counted = pair.to().identity().orElseThrow();
    try (var change = to.createStatement()) {
      change.execute(
          "ALTER TABLE %s ALTER COLUMN %s RESTART WITH %d"
              .formatted(pair.to().sqlName(), counted.sqlName(), next));
    }
  }

  private static TableDigest copy(Connection from, Connection to, Pair pair) throws SQLException {
    String insert =
        "INSERT INTO %s (%s) VALUES (%s)"
            .formatted(
                pair.to().sqlName(),
                pair.to().columnList(),
                pair.to().columns().stream().map(_ -> "?").collect(Collectors.joining(", ")));
    var digest = new TableDigest.Builder(pair.from().name());
    try (PreparedStatement write = to.prepareStatement(insert)) {
      var batch =
          new Object() {
            int rows;
            long bytes;
          };
      each(
          from,
          pair.from(),
          values -> {
            digest.add(values);
            for (int n = 0; n < values.size(); n++) {
              bind(write, n + 1, pair.to().columns().get(n).kind(), values.get(n));
              byte[] value = values.get(n);
              batch.bytes += value == null ? 0 : value.length;
            }
            write.addBatch();
            if (++batch.rows >= BATCH_ROWS || batch.bytes >= BATCH_BYTES) {
              write.executeBatch();
              batch.rows = 0;
              batch.bytes = 0;
            }
          });
      write.executeBatch();
    }
    return digest.build();
  }

  private static void bind(
      PreparedStatement write, int column, ColumnKind kind, byte @Nullable [] value)
      throws SQLException {
    if (value == null) {
      write.setObject(column, null);
    } else {
      kind.write(write, column, value);
    }
  }

  private static TableDigest read(Connection connection, TableShape table) throws SQLException {
    var digest = new TableDigest.Builder(table.name());
    each(connection, table, digest::add);
    return digest.build();
  }

  private interface RowConsumer {
    void accept(List<byte @Nullable []> values) throws SQLException;
  }

  private static void each(Connection connection, TableShape table, RowConsumer consumer)
      throws SQLException {
    try (var query = connection.createStatement()) {
      query.setFetchSize(READ_AHEAD);
      try (ResultSet rows =
          query.executeQuery("SELECT " + table.columnList() + " FROM " + table.sqlName())) {
        List<byte @Nullable []> values = new ArrayList<>();
        while (rows.next()) {
          values.clear();
          for (int n = 0; n < table.columns().size(); n++) {
            values.add(table.columns().get(n).kind().read(rows, n + 1));
          }
          consumer.accept(values);
        }
      }
    }
  }
}
