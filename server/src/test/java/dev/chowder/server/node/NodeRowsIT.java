package dev.chowder.server.node;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.util.Map;
import java.util.UUID;

/** In the PostgreSQL that scripts/test has started. */
class NodeRowsIT extends NodeRowsContract {
  private final String database = "rows_" + UUID.randomUUID().toString().replace("-", "");

  @Override
  Map<String, Object> storage() throws IOException, SQLException {
    administer("CREATE DATABASE " + database);
    Path password =
        Files.createFile(
            home.resolve("storage.password"),
            PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
    Files.writeString(password, needed("CHOWDER_TEST_POSTGRES_PASSWORD"));
    return Map.of(
        "chowder.storage.url", url(database),
        "chowder.storage.user", needed("CHOWDER_TEST_POSTGRES_USER"),
        "chowder.storage.password-file", password.toString());
  }

  @Override
  Connection connect() throws SQLException {
    return connectTo(database);
  }

  @Override
  void drop() throws SQLException {
    administer("DROP DATABASE " + database + " WITH (FORCE)");
  }

  @Override
  String replaced(String column, String text, String by) {
    return "convert_to(replace(convert_from(%s, 'UTF8'), '%s', '%s'), 'UTF8')"
        .formatted(column, text, by);
  }

  private static void administer(String statement) throws SQLException {
    try (var connection = connectTo("postgres");
        var sql = connection.createStatement()) {
      sql.execute(statement);
    }
  }

  private static Connection connectTo(String database) throws SQLException {
    return DriverManager.getConnection(
        url(database),
        needed("CHOWDER_TEST_POSTGRES_USER"),
        needed("CHOWDER_TEST_POSTGRES_PASSWORD"));
  }

  private static String url(String database) {
    return needed("CHOWDER_TEST_POSTGRES_URL") + "/" + database;
  }

  private static String needed(String variable) {
    var value = System.getenv(variable);
    if (value == null || value.isBlank()) {
      throw new IllegalStateException(
          variable
              + " is not set (expected: a PostgreSQL that scripts/test has started, see"
              + " CONTRIBUTING.md)");
    }
    return value;
  }
}
