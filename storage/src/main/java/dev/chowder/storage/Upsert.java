package dev.chowder.storage;

import static java.util.stream.Collectors.joining;

import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.SequencedMap;
import org.jdbi.v3.core.Handle;
import org.jdbi.v3.core.statement.SqlStatement;

/**
 * A write of one row that inserts or updates it. In a table with revisions, an older revision never
 * overwrites a newer one; the same revision is written again.
 */
public final class Upsert {
  private static final String REVISION = "revision";

  private final String table;
  private final SequencedMap<String, Object> key = new LinkedHashMap<>();
  private final SequencedMap<String, Object> values = new LinkedHashMap<>();

  private Upsert(String table) {
    this.table = table;
  }

  public static Upsert into(String table) {
    return new Upsert(table);
  }

  /** Sets a column of the primary key. */
  public Upsert key(String column, Object value) {
    key.put(column, value);
    return this;
  }

  public Upsert set(String column, Object value) {
    values.put(column, value);
    return this;
  }

  /**
   * Returns one statement that is safe against concurrent writers: of two inserts of a row, one
   * becomes the update.
   */
  String insertOrUpdate() {
    return insert()
        + " ON CONFLICT ("
        + String.join(", ", key.keySet())
        + ") DO UPDATE SET "
        + values.keySet().stream()
            .map(column -> column + " = EXCLUDED." + column)
            .collect(joining(", "))
        + (keepsRevisions() ? " WHERE " + table + ".revision <= EXCLUDED.revision" : "");
  }

  /** Returns one statement that inserts the row unless there is one with its key. */
  String insertOrNothing() {
    return insert() + " ON CONFLICT (" + String.join(", ", key.keySet()) + ") DO NOTHING";
  }

  String insert() {
    Collection<String> columns = parameters().keySet();
    return "INSERT INTO %s (%s) VALUES (%s)"
        .formatted(
            table,
            String.join(", ", columns),
            columns.stream().map(column -> ":" + column).collect(joining(", ")));
  }

  String update() {
    return "UPDATE "
        + table
        + " SET "
        + equal(values.keySet(), ", ")
        + " WHERE "
        + equal(key.keySet(), " AND ")
        + (keepsRevisions() ? " AND revision <= :revision" : "");
  }

  boolean exists(Handle handle) {
    return Sql.bind(
            handle.createQuery("SELECT 1 FROM " + table + " WHERE " + equal(key.keySet(), " AND ")),
            key)
        .mapTo(Integer.class)
        .findOne()
        .isPresent();
  }

  <S extends SqlStatement<S>> S bind(S statement) {
    return Sql.bind(statement, parameters());
  }

  private boolean keepsRevisions() {
    return values.containsKey(REVISION);
  }

  private SequencedMap<String, Object> parameters() {
    var all = new LinkedHashMap<>(key);
    all.putAll(values);
    return all;
  }

  private static String equal(Collection<String> columns, String between) {
    return columns.stream().map(column -> column + " = :" + column).collect(joining(between));
  }
}
