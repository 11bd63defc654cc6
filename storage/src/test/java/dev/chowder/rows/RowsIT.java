package dev.chowder.rows;

import dev.chowder.storage.TestStorage;
import java.nio.file.Path;

/** Uses a real PostgreSQL. */
class RowsIT extends RowsContract {
  @Override
  TestStorage storage(Path home) {
    return TestStorage.postgres(home);
  }
}
