package dev.chowder.storage;

import java.nio.file.Path;

/** Uses an H2 file. */
class EventRowsTest extends EventRowsContract {
  @Override
  TestStorage storage(Path home) {
    return TestStorage.h2(home);
  }

  @Override
  String dialect() {
    return "h2";
  }
}
