package dev.chowder.storage;

import java.nio.file.Path;

/** From PostgreSQL into PostgreSQL. */
class PostgresTransferIT extends DatabaseTransferContract {
  @Override
  TestStorage source(Path home) {
    return TestStorage.postgres(home);
  }

  @Override
  TestStorage target(Path home) {
    return TestStorage.postgres(home);
  }
}
