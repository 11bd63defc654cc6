package dev.chowder.server.cluster;

import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;

/**
 * A PostgreSQL for a test's databases.
 *
 * @param url JDBC, without a database: how the test itself reaches it
 * @param nodesUrl how nodes reach it, which may be over something that a test puts in between
 * @param user who may make databases
 */
public record DatabaseServer(String url, String nodesUrl, String user, String password) {
  private static final String NEEDED =
      " is not set (expected: a PostgreSQL that scripts/test has started, see CONTRIBUTING.md)";

  /** The one that all tests share. */
  public static DatabaseServer shared() {
    var url = needed("CHOWDER_TEST_POSTGRES_URL");
    return new DatabaseServer(
        url, url, needed("CHOWDER_TEST_POSTGRES_USER"), needed("CHOWDER_TEST_POSTGRES_PASSWORD"));
  }

  public Connection connect(String database) throws SQLException {
    return DriverManager.getConnection(url + "/" + database, user, password);
  }

  public void administer(String statement) {
    try (var connection = connect("postgres");
        var sql = connection.createStatement()) {
      sql.execute(statement);
    } catch (SQLException why) {
      throw new IllegalStateException(statement, why);
    }
  }

  private static String needed(String variable) {
    String value = System.getenv(variable);
    if (value == null || value.isBlank()) throw new IllegalStateException(variable + NEEDED);
    return value;
  }
}
