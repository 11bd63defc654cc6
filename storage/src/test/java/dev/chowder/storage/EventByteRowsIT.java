package dev.chowder.storage;

import java.nio.file.Path;

/** Uses a real PostgreSQL. */
class EventByteRowsIT extends EventByteRowsContract {
  @Override
  TestStorage storage(Path home) {
    return TestStorage.postgres(home);
  }
}
