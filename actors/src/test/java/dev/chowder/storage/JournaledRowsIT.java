package dev.chowder.storage;

import java.nio.file.Path;

/** On a real PostgreSQL. */
class JournaledRowsIT extends JournaledRowsContract {
  @Override
  TestStorage storage(Path home) {
    return TestStorage.postgres(home);
  }
}
