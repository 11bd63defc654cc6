package dev.chowder.rows;

import dev.chowder.storage.TestStorage;
import java.nio.file.Path;

/** On a file of H2. */
class RowsTest extends RowsContract {
  @Override
  TestStorage storage(Path home) {
    return TestStorage.h2(home);
  }
}
