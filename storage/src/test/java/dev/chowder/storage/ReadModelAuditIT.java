package dev.chowder.storage;

import java.nio.file.Path;

/** Uses a real PostgreSQL. */
class ReadModelAuditIT extends ReadModelAuditContract {
  @Override
  TestStorage storage(Path home) {
    return TestStorage.postgres(home);
  }
}
