package dev.chowder.rows;

import dev.chowder.storage.TestStorage;
import java.nio.file.Path;

/** Uses an H2 file. */
class RowsTest extends RowsContract {
  @Override
  TestStorage storage(Path home) {
    return TestStorage.h2(home);
  }
}
