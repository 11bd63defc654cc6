package dev.chowder.storage;

import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.jdbi.v3.core.Jdbi;
import org.jdbi.v3.core.argument.Argument;
import org.jdbi.v3.core.mapper.RowMapper;
import org.jdbi.v3.core.statement.SqlStatement;

/** A statement with named parameters that runs once, outside of any transaction. */
public final class Sql {
  private final Jdbi jdbi;
  private final String text;
  private final Map<String, Object> parameters = new LinkedHashMap<>();

  public Sql(Jdbi jdbi, String text) {
    this.jdbi = jdbi;
    this.text = text;
  }

  /** Sets {@code :name}, or {@code <name>} if the value is a collection. */
  public Sql bind(String name, Object value) {
    parameters.put(name, value);
    return this;
  }

  /** Returns all rows. */
  public <T> List<T> list(RowMapper<T> mapper) {
    return jdbi.withHandle(handle -> bind(handle.createQuery(text), parameters).map(mapper).list());
  }

  /** Returns the only row, if any. Fails if there are several. */
  public <T> Optional<T> find(RowMapper<T> mapper) {
    return jdbi.withHandle(
        handle -> bind(handle.createQuery(text), parameters).map(mapper).findOne());
  }

  /** Returns all rows as keys and values, ordered by key. */
  public <K extends Comparable<K>, V> Map<K, V> map(RowMapper<K> key, RowMapper<V> value) {
    Map<K, V> all = new TreeMap<>();
    list((row, context) -> all.put(key.map(row, context), value.map(row, context)));
    return all;
  }

  /** Returns the number of changed rows. */
  public int update() {
    return jdbi.withHandle(handle -> bind(handle.createUpdate(text), parameters).execute());
  }

  static <S extends SqlStatement<S>> S bind(S statement, Map<String, Object> parameters) {
    parameters.forEach(
        (name, value) -> {
          switch (value) {
            case Argument argument -> statement.bind(name, argument);
            case Collection<?> all -> statement.bindList(name, List.copyOf(all));
            default -> statement.bind(name, value);
          }
        });
    return statement;
  }
}
