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

/** In the PostgreSQL that scripts/test has started. */
class NodeRowsIT extends NodeRowsContract {
  private final DatabaseServer server = DatabaseServer.shared();
  private final String database = "rows_" + UUID.randomUUID().toString().replace("-", "");

  @Override
  Map<String, Object> storage() throws IOException {
    server.administer("CREATE DATABASE " + database);
    Path password =
        Files.createFile(
            home.resolve("storage.password"),
            PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
    Files.writeString(password, server.password());
    return Map.of(
        "chowder.storage.url", server.url() + "/" + database,
        "chowder.storage.user", server.user(),
        "chowder.storage.password-file", password.toString());
  }

  @Override
  Connection connect() throws SQLException {
    return server.connect(database);
  }

  @Override
  void drop() {
    server.administer("DROP DATABASE " + database + " WITH (FORCE)");
  }

  @Override
  String replaced(String column, String text, String by) {
    return "convert_to(replace(convert_from(%s, 'UTF8'), '%s', '%s'), 'UTF8')"
        .formatted(column, text, by);
  }
}
