package dev.chowder.storage;

import java.nio.file.Path;

/** Uses an H2 file. */
class EventByteRowsTest extends EventByteRowsContract {
  @Override
  TestStorage storage(Path home) {
    return TestStorage.h2(home);
  }
}
