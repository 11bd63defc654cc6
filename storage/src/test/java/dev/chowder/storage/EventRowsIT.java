package dev.chowder.storage;

import java.nio.file.Path;

/** Uses a real PostgreSQL. */
class EventRowsIT extends EventRowsContract {
  @Override
  TestStorage storage(Path home) {
    return TestStorage.postgres(home);
  }

  @Override
  String dialect() {
    return "postgresql";
  }
}
