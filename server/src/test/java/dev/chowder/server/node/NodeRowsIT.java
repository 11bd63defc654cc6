package dev.chowder.server.node;

import java.io.IOException;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.Map;

/** Uses the PostgreSQL that {@code scripts/test} started. */
class NodeRowsIT extends NodeRowsContract {
  private final PostgresDatabase database = new PostgresDatabase("rows");

  @Override
  Map<String, Object> storage() throws IOException {
    return database.settings(home);
  }

  @Override
  Connection connect() throws SQLException {
    return database.connect();
  }

  @Override
  void drop() {
    database.drop();
  }

  @Override
  String replaced(String column, String text, String by) {
    return "convert_to(replace(convert_from(%s, 'UTF8'), '%s', '%s'), 'UTF8')"
        .formatted(column, text, by);
  }
}
