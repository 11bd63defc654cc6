package dev.chowder.server.node;

import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.util.Map;

/** Uses an H2 file. */
class NodeRowsTest extends NodeRowsContract {
  @Override
  Map<String, Object> storage() {
    return Map.of();
  }

  /** The process that has the file open may open it again by the same name. */
  @Override
  Connection connect() throws SQLException {
    return DriverManager.getConnection(
        "jdbc:h2:async:"
            + home.resolve("data").resolve("chowder")
            + ";WRITE_DELAY=0;DB_CLOSE_ON_EXIT=FALSE");
  }

  @Override
  void drop() {}

  @Override
  String replaced(String column, String text, String by) {
    return "STRINGTOUTF8(REPLACE(UTF8TOSTRING(%s), '%s', '%s'))".formatted(column, text, by);
  }
}
