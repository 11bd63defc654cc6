package dev.chowder.storage;

import java.nio.file.Path;

/** Transfers from PostgreSQL to PostgreSQL. */
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
