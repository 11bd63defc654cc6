package dev.chowder.server.node;

import dev.chowder.server.cluster.DatabaseServer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Map;
import java.util.UUID;

/** In the PostgreSQL that scripts/test has started. */
class ConfigValuesIT extends ConfigValuesContract {
  private final DatabaseServer server = DatabaseServer.shared();
  private final String database = "values_" + UUID.randomUUID().toString().replace("-", "");
  private boolean made;

  @Override
  Map<String, Object> storage() throws IOException {
    Path password = home.resolve("storage.password");
    if (!made) {
      server.administer("CREATE DATABASE " + database);
      made = true;
      Files.createFile(
          password,
          PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
      Files.writeString(password, server.password());
    }
    return Map.of(
        "chowder.storage.url", server.url() + "/" + database,
        "chowder.storage.user", server.user(),
        "chowder.storage.password-file", password.toString());
  }

  @Override
  void drop() {
    if (made) server.administer("DROP DATABASE " + database + " WITH (FORCE)");
  }
}
