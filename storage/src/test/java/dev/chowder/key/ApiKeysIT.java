package dev.chowder.key;

import dev.chowder.storage.TestStorage;
import java.nio.file.Path;

/** Uses a real PostgreSQL. */
class ApiKeysIT extends ApiKeysContract {
  @Override
  TestStorage storage(Path home) {
    return TestStorage.postgres(home);
  }
}
