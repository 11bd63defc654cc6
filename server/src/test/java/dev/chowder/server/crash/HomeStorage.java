package dev.chowder.server.crash;

import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.util.HashMap;
import java.util.Map;
import java.util.Objects;
import java.util.UUID;

/** Where the servers of a test keep their data, one database for each home; it outlives them. */
sealed interface HomeStorage extends AutoCloseable {
  /** {@code -Dchowder.crash.storage=postgresql} takes that one for all stories. */
  static HomeStorage chosen() {
    var name = System.getProperty("chowder.crash.storage", "h2");
    return switch (name) {
      case "h2" -> new File();
      case "postgresql" -> new Postgres();
      default ->
          throw new IllegalArgumentException(
              "chowder.crash.storage: " + name + " (expected: h2 or postgresql)");
    };
  }

  /** What the server of a home is told; an empty database the first time. */
  Map<String, String> environment(Path home);

  /** Of a home in which no server runs. */
  Connection connect(Path home) throws SQLException;

  @Override
  void close();

  /** A file in the home: what a server does by itself. */
  record File() implements HomeStorage {
    @Override
    public Map<String, String> environment(Path home) {
      return Map.of();
    }

    @Override
    public Connection connect(Path home) throws SQLException {
      return DriverManager.getConnection(
          "jdbc:h2:file:" + home.resolve("data").resolve("chowder") + ";WRITE_DELAY=0");
    }

    @Override
    public void close() {}
  }

  /** In the PostgreSQL that scripts/test has started. */
  record Postgres(Map<Path, String> databases) implements HomeStorage {
    Postgres() {
      this(new HashMap<>());
    }

    @Override
    public synchronized Map<String, String> environment(Path home) {
      var database = databases.computeIfAbsent(home, Postgres::make);
      return Map.of(
          "CHOWDER_STORAGE_URL", url(database),
          "CHOWDER_STORAGE_USER", needed("CHOWDER_TEST_POSTGRES_USER"),
          "CHOWDER_STORAGE_PASSWORD", needed("CHOWDER_TEST_POSTGRES_PASSWORD"));
    }

    @Override
    public synchronized Connection connect(Path home) throws SQLException {
      return connectTo(Objects.requireNonNull(databases.get(home), "no server was started there"));
    }

    @Override
    public synchronized void close() {
      databases.values().forEach(name -> administer("DROP DATABASE " + name + " WITH (FORCE)"));
      databases.clear();
    }

    private static String make(Path home) {
      var name = "crash_" + UUID.randomUUID().toString().replace("-", "");
      administer("CREATE DATABASE " + name);
      return name;
    }

    private static void administer(String statement) {
      try (var connection = connectTo("postgres");
          var sql = connection.createStatement()) {
        sql.execute(statement);
      } catch (SQLException why) {
        throw new IllegalStateException(statement, why);
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
}
