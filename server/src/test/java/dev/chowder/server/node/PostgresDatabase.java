package dev.chowder.server.node;

import dev.chowder.server.cluster.DatabaseServer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.Map;
import java.util.UUID;

/** A database for one test class, in the PostgreSQL that {@code scripts/test} started. */
final class PostgresDatabase {
  private final DatabaseServer server = DatabaseServer.shared();
  private final String name;
  private boolean created;

  PostgresDatabase(String prefix) {
    this.name = prefix + "_" + UUID.randomUUID().toString().replace("-", "");
  }

  /** Returns the settings of a node with this home. The first call creates the database. */
  Map<String, Object> settings(Path home) throws IOException {
    var password = home.resolve("storage.password");
    if (!created) {
      server.administer("CREATE DATABASE " + name);
      created = true;
      Files.createFile(
          password,
          PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
      Files.writeString(password, server.password());
    }
    return Map.of(
        "chowder.storage.url", server.url() + "/" + name,
        "chowder.storage.user", server.user(),
        "chowder.storage.password-file", password.toString());
  }

  Connection connect() throws SQLException {
    return server.connect(name);
  }

  void drop() {
    if (created) server.administer("DROP DATABASE " + name + " WITH (FORCE)");
  }
}
