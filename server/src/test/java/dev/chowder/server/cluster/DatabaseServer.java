package dev.chowder.server.cluster;

import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;

/**
 * A PostgreSQL server for the databases of tests.
 *
 * @param url JDBC URL without a database, as the test connects
 * @param nodesUrl JDBC URL for the nodes, which may lead through a proxy of the test
 * @param user user that may create databases
 */
public record DatabaseServer(String url, String nodesUrl, String user, String password) {
  private static final String NEEDED =
      ": must be a PostgreSQL that scripts/test started; see CONTRIBUTING.md";

  /** Returns the server that all tests share. */
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
