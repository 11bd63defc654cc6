package dev.chowder.storage;

import static dev.chowder.base.ErrorText.cannot;

import java.sql.Connection;
import java.sql.DatabaseMetaData;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;

/**
 * Describes a table for a copy. Read from the database itself, so that no new table can be
 * forgotten.
 *
 * @param name in lower case, the same in every database
 * @param sqlName the quoted name in this database
 * @param columns sorted by name
 * @param refersTo names of tables whose rows must be inserted first
 */
record TableShape(String name, String sqlName, List<Column> columns, Set<String> refersTo) {
  /** Tables that belong to one database only: Flyway's, and those of the processes that use it. */
  private static final Set<String> NOT_COPIED =
      Set.of("flyway_schema_history", "cluster_identity", "cluster_members");

  /**
   * A column.
   *
   * @param name in lower case
   * @param isIdentity whether the database assigns its numbers
   */
  record Column(String name, String sqlName, ColumnKind kind, boolean isIdentity) {}

  /** Returns the tables that a copy includes. Referenced tables come first. */
  static List<TableShape> of(Connection connection) throws SQLException {
    DatabaseMetaData data = connection.getMetaData();
    Map<String, TableShape> found = new TreeMap<>();
    try (ResultSet tables =
        data.getTables(
            connection.getCatalog(),
            connection.getSchema(),
            "%",
            new String[] {"TABLE", "BASE TABLE"})) {
      while (tables.next()) {
        TableShape table = read(connection, tables.getString("TABLE_NAME"));
        if (!NOT_COPIED.contains(table.name)) found.put(table.name, table);
      }
    }
    return referredToFirst(found);
  }

  Optional<Column> identity() {
    return columns.stream().filter(Column::isIdentity).findFirst();
  }

  String columnList() {
    return String.join(", ", columns.stream().map(Column::sqlName).toList());
  }

  private static TableShape read(Connection connection, String table) throws SQLException {
    DatabaseMetaData data = connection.getMetaData();
    Map<String, Column> columns = new TreeMap<>();
    try (ResultSet rows =
        data.getColumns(
            connection.getCatalog(), connection.getSchema(), literally(data, table), "%")) {
      while (rows.next()) {
        String name = rows.getString("COLUMN_NAME");
        columns.put(
            lower(name),
            new Column(
                lower(name),
                quoted(name),
                ColumnKind.of(
                    table + "." + name, rows.getInt("DATA_TYPE"), rows.getString("TYPE_NAME")),
                rows.getString("IS_AUTOINCREMENT").equals("YES")));
      }
    }
    Set<String> refersTo = new HashSet<>();
    try (ResultSet keys =
        data.getImportedKeys(connection.getCatalog(), connection.getSchema(), table)) {
      while (keys.next()) refersTo.add(lower(keys.getString("PKTABLE_NAME")));
    }
    return new TableShape(
        lower(table), quoted(table), List.copyOf(columns.values()), Set.copyOf(refersTo));
  }

  private static List<TableShape> referredToFirst(Map<String, TableShape> tables) {
    Map<String, TableShape> left = new HashMap<>(tables);
    List<TableShape> ordered = new ArrayList<>();
    while (!left.isEmpty()) {
      List<TableShape> free =
          tables.values().stream()
              .filter(table -> left.containsKey(table.name))
              .filter(table -> table.refersTo.stream().noneMatch(left::containsKey))
              .toList();
      if (free.isEmpty())
        throw new IllegalStateException(
            cannot("order the tables", "they refer in a circle: " + left));
      ordered.addAll(free);
      free.forEach(table -> left.remove(table.name));
    }
    return ordered;
  }

  /** Escapes a name where the driver expects a pattern. */
  private static String literally(DatabaseMetaData data, String name) throws SQLException {
    return name.replace("_", data.getSearchStringEscape() + "_");
  }

  private static String lower(String name) {
    return name.toLowerCase(Locale.ROOT);
  }

  private static String quoted(String name) {
    return '"' + name.replace("\"", "\"\"") + '"';
  }
}
