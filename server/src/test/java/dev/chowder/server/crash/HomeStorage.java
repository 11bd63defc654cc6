package dev.chowder.server.crash;

import dev.chowder.server.cluster.DatabaseServer;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.util.HashMap;
import java.util.Map;
import java.util.Objects;
import java.util.UUID;

/**
 * Where the servers of a test store their data: one database for each home, which outlives the
 * server.
 */
public sealed interface HomeStorage extends AutoCloseable {
  /**
   * Returns the storage for all tests; {@code -Dchowder-tool.crash.storage=postgresql} selects
   * PostgreSQL.
   */
  static HomeStorage chosen() {
    var name = System.getProperty("chowder-tool.crash.storage", "h2");
    return switch (name) {
      case "h2" -> new File();
      case "postgresql" -> new Postgres();
      default ->
          throw new IllegalArgumentException(
              "chowder-tool.crash.storage: must be h2 or postgresql; got " + name);
    };
  }

  /** Returns the environment for the server of a home. The first call creates an empty database. */
  Map<String, String> environment(Path home);

  /** Connects to the database of a home in which no server runs. */
  Connection connect(Path home) throws SQLException;

  @Override
  void close();

  /** A file in the home, the default of a server. */
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

  /** Databases in the PostgreSQL that {@code scripts/test} started. */
  record Postgres(DatabaseServer server, Map<Path, String> databases) implements HomeStorage {
    public Postgres() {
      this(DatabaseServer.shared(), new HashMap<>());
    }

    @Override
    public synchronized Map<String, String> environment(Path home) {
      var database = databases.computeIfAbsent(home, _ -> make());
      return Map.of(
          "CHOWDER_STORAGE_URL", server.url() + "/" + database,
          "CHOWDER_STORAGE_USER", server.user(),
          "CHOWDER_STORAGE_PASSWORD", server.password());
    }

    @Override
    public synchronized Connection connect(Path home) throws SQLException {
      return server.connect(
          Objects.requireNonNull(databases.get(home), "no server was started there"));
    }

    @Override
    public synchronized void close() {
      databases
          .values()
          .forEach(name -> server.administer("DROP DATABASE " + name + " WITH (FORCE)"));
      databases.clear();
    }

    private String make() {
      var name = "crash_" + UUID.randomUUID().toString().replace("-", "");
      server.administer("CREATE DATABASE " + name);
      return name;
    }
  }
}
