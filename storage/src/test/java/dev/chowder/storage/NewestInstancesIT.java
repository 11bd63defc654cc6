package dev.chowder.storage;

import java.nio.file.Path;

/** Uses a real PostgreSQL. */
class NewestInstancesIT extends NewestInstancesContract {
  @Override
  TestStorage storage(Path home) {
    return TestStorage.postgres(home);
  }
}
